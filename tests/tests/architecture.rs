//! Dependencies between modules point one way, and folders have a limited number of files.
//!
//! The order of the modules is the one in ARCHITECTURE.md. Test code is exempt.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Layers of top-level modules, highest layer first. A module may import modules of lower layers, and of its own layer
/// if that makes no cycle.
const SDK: &[&[&str]] = &[
    &["bench"],
    &["transfer"],
    &["generated"],
    &["qingstor", "bucket"],
    &["pagination"],
    &["client"],
    &["operation"],
    &["body", "config"],
    &["value", "error", "md5_lanes"],
];
const CODEGEN: &[&[&str]] = &[
    &["command"],
    &["diff", "render"],
    &["rust"],
    &["load"],
    &["lint", "model"],
    &["spec"],
    &["diagnostic", "naming"],
];
/// Module that may import all layers, because generated code imports everything from it.
const PRELUDE: &str = "operation::prelude";

const MAX_TRANSFER_FILES: usize = 32;
const MAX_ROOT_ENTRIES: usize = 16;

/// A path in the code of one top-level module that refers to another top-level module.
#[derive(Debug)]
struct Import {
    file: String,
    /// Top-level module that contains the path.
    from: String,
    /// Top-level module that the path refers to.
    to: String,
    /// The path as written, beginning with `crate::`.
    path: String,
}

/// The paths in the code of a module that begin with `crate`, `super` or `self`, resolved to segments below the crate
/// root.
struct Paths(Vec<Vec<String>>);

impl Paths {
    /// Finds the paths in `code`, the text of the module with the path `module`.
    fn of(code: &str, module: &[String]) -> Self {
        let mut paths = Self(Vec::new());
        paths.read(code.parse().unwrap(), module);
        paths
    }

    fn read(&mut self, code: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = code.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' && is_test_attribute(tokens.get(at)) => {
                    at = end_of_item(&tokens, at + 1);
                }
                TokenTree::Ident(word) if *word == "mod" => {
                    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                        (tokens.get(at), tokens.get(at + 1))
                    {
                        self.read(body.stream(), &[module, &[name.to_string()]].concat());
                        at += 2;
                    }
                }
                TokenTree::Ident(word) if is_colons(&tokens, at) => match word.to_string().as_str() {
                    "crate" => self.follow(&tokens[at + 2..], Vec::new()),
                    "self" => self.follow(&tokens[at + 2..], module.to_vec()),
                    // `follow` resolves the second and later `super` of a path.
                    "super" if !follows_super(&tokens, at - 1) => {
                        self.follow(&tokens[at + 2..], module[..module.len().saturating_sub(1)].to_vec());
                    }
                    _ => {}
                },
                TokenTree::Group(group) => self.read(group.stream(), module),
                _ => {}
            }
        }
    }

    /// Adds the path that begins with `base` and continues with `tokens`, or each path of a group in braces.
    fn follow(&mut self, tokens: &[TokenTree], mut base: Vec<String>) {
        match tokens.first() {
            Some(TokenTree::Ident(word)) => {
                match word.to_string().as_str() {
                    "super" => drop(base.pop()),
                    "self" => {}
                    name => base.push(name.to_owned()),
                }
                if is_colons(tokens, 1) { self.follow(&tokens[3..], base) } else { self.0.push(base) }
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                for tree in tokens.split(|token| is_punct(Some(token), ',')) {
                    self.follow(tree, base.clone());
                }
            }
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                base.push("*".to_owned());
                self.0.push(base);
            }
            // The path ends here and generic arguments follow.
            Some(_) => self.0.push(base),
            None => {}
        }
    }
}

fn is_punct(token: Option<&TokenTree>, expected: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == expected)
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

fn follows_super(tokens: &[TokenTree], at: usize) -> bool {
    at >= 3
        && is_colons(tokens, at - 2)
        && matches!(&tokens[at - 3], TokenTree::Ident(word) if *word == "super" || *word == "self")
}

/// Returns true for `[cfg(test)]` and `[cfg(all(test, …))]`.
fn is_test_attribute(token: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = token else { return false };
    let text = group.stream().to_string().replace(' ', "");
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// Returns the index after the item that begins at `begin`. An item ends with `;` or, except for `use`, with braces.
fn end_of_item(tokens: &[TokenTree], begin: usize) -> usize {
    let rest = tokens[begin..].iter();
    let mut is_use = false;
    let length = rest.take_while(|token| match token {
        TokenTree::Ident(word) => {
            is_use |= *word == "use";
            true
        }
        TokenTree::Group(group) => is_use || group.delimiter() != Delimiter::Brace,
        token => !is_punct(Some(token), ';'),
    });
    begin + length.count() + 1
}

/// Collects the source files below `folder` and the paths of their modules, without tests and crate roots.
fn collect_modules(folder: &Path, module: &[String], files: &mut Vec<(PathBuf, Vec<String>)>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        match name.as_str() {
            "tests" | "lib" | "main" => {}
            "mod" => files.push((path, module.to_vec())),
            _ if path.is_dir() => collect_modules(&path, &[module, &[name]].concat(), files),
            _ => files.push((path, [module, &[name]].concat())),
        }
    }
}

/// Maps each name that the crate root re-exports to its top-level module. The key `*` stands for a module that is
/// re-exported with all its names.
fn re_exports(root: &str) -> BTreeMap<String, String> {
    let tokens: Vec<TokenTree> = root.parse::<TokenStream>().unwrap().into_iter().collect();
    let mut paths = Paths(Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        if matches!(token, TokenTree::Ident(word) if *word == "use") {
            paths.follow(&tokens[at + 1..], Vec::new());
        }
    }
    let named = paths.0.into_iter().filter_map(|path| Some((path.last()?.clone(), path.first()?.clone())));
    named.collect()
}

/// Returns all imports between top-level modules of a crate.
fn imports(crate_folder: &str) -> Vec<Import> {
    let source = workspace().join(crate_folder).join("src");
    let re_exports = re_exports(&fs::read_to_string(source.join("lib.rs")).unwrap());
    let mut files = Vec::new();
    collect_modules(&source, &[], &mut files);
    files.sort();
    let top_level: BTreeSet<String> = files.iter().map(|(_, module)| module[0].clone()).collect();
    let mut imports = Vec::new();
    for (file, module) in files {
        if module.join("::").starts_with(PRELUDE) {
            continue;
        }
        for path in Paths::of(&fs::read_to_string(&file).unwrap(), &module).0 {
            let first = path.first().map_or("*", String::as_str);
            let to = if top_level.contains(first) {
                first
            } else {
                re_exports.get(first).or_else(|| re_exports.get("*")).map_or(first, String::as_str)
            };
            if to != module[0] {
                let file = file.strip_prefix(workspace()).unwrap().display().to_string();
                let path = format!("crate::{}", path.join("::"));
                imports.push(Import { file, from: module[0].clone(), to: to.to_owned(), path });
            }
        }
    }
    imports
}

/// Describes, one per line, every import of a higher layer, every import of a module without a layer, and every cycle.
fn violations(imports: &[Import], order: &[&[&str]]) -> String {
    let layer = |module: &str| order.iter().position(|row| row.contains(&module));
    let mut text = String::new();
    for Import { file, from, to, path } in imports {
        match (layer(from), layer(to)) {
            (Some(from_layer), Some(to_layer)) if from_layer <= to_layer => {}
            (Some(_), Some(_)) => {
                writeln!(text, "{file}: `{from}` imports `{path}` of `{to}`, a higher layer").unwrap()
            }
            _ => writeln!(text, "{file}: `{from}` or `{to}` (`{path}`) is in no layer of this test").unwrap(),
        }
    }
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        edges.entry(&import.from).or_default().insert(&import.to);
    }
    for start in edges.keys() {
        if let Some(cycle) = find_cycle(&edges, start, &mut vec![start]) {
            writeln!(text, "cycle: {}", cycle.join(" -> ")).unwrap();
        }
    }
    text
}

/// Extends `path` to a cycle back to `start`. Only modules that sort after `start` are visited, so that each cycle is
/// found once.
fn find_cycle<'a>(
    edges: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    start: &'a str,
    path: &mut Vec<&'a str>,
) -> Option<Vec<&'a str>> {
    for next in edges.get(path.last()?)? {
        path.push(next);
        if *next == start {
            return Some(path.clone());
        }
        if *next > start
            && !path[..path.len() - 1].contains(next)
            && let Some(cycle) = find_cycle(edges, start, path)
        {
            return Some(cycle);
        }
        path.pop();
    }
    None
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn count_files(folder: &Path) -> usize {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
}

#[test]
fn sdk_modules_import_lower_layers_only() {
    let violations = violations(&imports("sdk"), SDK);
    assert!(violations.is_empty(), "{violations}");
}

#[test]
fn codegen_modules_import_lower_layers_only() {
    let violations = violations(&imports("codegen"), CODEGEN);
    assert!(violations.is_empty(), "{violations}");
}

#[test]
fn sdk_folders_do_not_exceed_their_number_of_files() {
    let source = workspace().join("sdk/src");
    let files = count_files(&source.join("transfer"));
    assert!(
        files <= MAX_TRANSFER_FILES,
        "sdk/src/transfer has {files} files, but may have at most {MAX_TRANSFER_FILES}"
    );
    let entries = source.read_dir().unwrap().count();
    assert!(entries <= MAX_ROOT_ENTRIES, "sdk/src has {entries} entries, but may have at most {MAX_ROOT_ENTRIES}");
}

#[test]
fn paths_in_groups_and_macros_are_found_and_paths_in_test_code_are_not() {
    let code = "
        //! Comments: crate::comment
        use crate::{a::{b, c::*}, d, e::{self as other, F}};
        use super::super::g;
        pub(crate) use self::h::I;
        #[cfg(test)]
        use crate::{test_use, other};
        fn f() -> crate::J<crate::k::L> { format!(\"crate::text {}\", crate::m::<u8>()); super::n() }
        mod inner { use super::super::o; }
        #[cfg(test)]
        #[allow(unused)]
        mod tests { use crate::test_module; }
        #[cfg(all(test, unix))]
        mod more_tests;
        use crate::p::{q,};
    ";
    let found = Paths::of(code, &["x".to_owned(), "y".to_owned()]).0;
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(
        found,
        ["a::b", "a::c::*", "d", "e", "e::F", "g", "x::y::h::I", "J", "k::L", "m", "x::n", "x::o", "p::q"]
    );
}

#[test]
fn higher_layers_unknown_modules_and_cycles_are_reported() {
    let import = |from: &str, to: &str| Import {
        file: format!("{from}.rs"),
        from: from.to_owned(),
        to: to.to_owned(),
        path: format!("crate::{to}"),
    };
    let order: &[&[&str]] = &[&["top"], &["left", "right"], &["bottom"]];
    let downwards = [import("top", "bottom"), import("left", "right"), import("right", "bottom")];
    assert_eq!(violations(&downwards, order), "");
    let wrong = [import("bottom", "top"), import("left", "right"), import("right", "left"), import("top", "unknown")];
    assert_eq!(
        violations(&wrong, order),
        "bottom.rs: `bottom` imports `crate::top` of `top`, a higher layer\n\
         top.rs: `top` or `unknown` (`crate::unknown`) is in no layer of this test\n\
         cycle: left -> right -> left\n"
    );
}
