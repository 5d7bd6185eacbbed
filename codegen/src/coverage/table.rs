//! The table, in Markdown.

use super::Row;
use super::evidence::{FEATURES, Scenario, WIRE};
use super::register::Register;

/// Leads from the table's folder to the workspace.
const UP: &str = "..";

/// Everything, with what the columns mean.
pub(super) fn print(rows: &[Row<'_>], register: &Register) -> String {
    let mut text = format!(
        "# Coverage\n\n\
         Every operation of the specification, {} in all, and what there is for it. Made by `cargo codegen coverage` \
         and kept by\n`cargo codegen check`: do not edit it. Nothing in it is claimed. A line is there only if\n\n\
         - tests compare what the operation sends, with the least and with the most that its input can say, with \
         snapshots;\n\
         - the emulator serves it, by its own table of routes, or the line says why not;\n\
         - a scenario calls it, as the SDK itself traced it, and not merely to prepare something if there is another \
         one, or the line says why none does.\n\n\
         What QingStor's own SDKs call it, and what cannot be told from this repository, stands in \
         [`coverage.yaml`](coverage.yaml).\n\n",
        rows.len()
    );
    let official = register.official.iter().map(|sdk| sdk.name.as_str());
    let heads: Vec<&str> = ["operation", "specification", "method", "on the wire", "emulator", "scenario"]
        .into_iter()
        .chain(official)
        .collect();
    line(&mut text, heads.iter().map(|head| (*head).to_owned()));
    line(&mut text, heads.iter().map(|_| "---".to_owned()));
    for row in rows {
        line(&mut text, cells(row));
    }
    text
}

fn line(text: &mut String, cells: impl Iterator<Item = String>) {
    text.push_str(&format!("| {} |\n", cells.collect::<Vec<_>>().join(" | ")));
}

fn cells(row: &Row<'_>) -> impl Iterator<Item = String> {
    let id = &row.operation.id;
    let file = row.file.rsplit('/').next().unwrap_or(&row.file);
    let beside = row.file.strip_prefix("specs/").map(str::to_owned);
    let link = beside.unwrap_or_else(|| format!("{UP}/{}", row.file));
    let sample = |variant: &str| format!("[{variant}]({UP}/{WIRE}/{id}.{variant}.snap)");
    let first = [
        id.clone(),
        format!("[{file}:{}]({link}#L{})", row.line, row.line),
        format!("[`{}`]({UP}/sdk/src/generated/operations/{}.rs)", row.method, row.module),
        format!("{}, {}", sample("minimal"), sample("full")),
        code_or_reason(&row.route),
        scenario_or_reason(&row.scenario),
    ];
    let official: Vec<String> = row.official.iter().map(code_or_reason).collect();
    first.into_iter().chain(official)
}

fn scenario_or_reason(found: &Result<Scenario, String>) -> String {
    match found {
        Ok(Scenario { file, name }) => format!("[{file}]({UP}/{FEATURES}/{file}): {}", escaped(name)),
        Err(reason) => none(reason),
    }
}

fn code_or_reason(found: &Result<String, String>) -> String {
    match found {
        Ok(code) => format!("`{code}`"),
        Err(reason) => none(reason),
    }
}

fn none(reason: &str) -> String {
    format!("none: {}", escaped(reason))
}

/// A bar would end the cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
