//! Who may read and write a bucket.

use serde::{Deserialize, Serialize};

use super::Rules;

/// The one group there is: anyone at all.
const EVERYONE: &str = "QS_ALL_USERS";

/// Replaces all earlier grants; without any, the bucket is its owner's alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Acl {
    #[serde(default)]
    acl: Vec<Grant>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Grant {
    grantee: Grantee,
    permission: Permission,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Grantee {
    r#type: GranteeType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GranteeType {
    User,
    Group,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Permission {
    Read,
    Write,
    FullControl,
}

impl Acl {
    /// Whether people without credentials may do what `wanted` stands for.
    pub(crate) fn grants_everyone(&self, wanted: Permission) -> bool {
        self.acl.iter().any(|grant| {
            grant.grantee.r#type == GranteeType::Group
                && (grant.permission == wanted || grant.permission == Permission::FullControl)
        })
    }
}

impl Rules for Acl {
    fn check(&self) -> Result<(), String> {
        for (index, Grant { grantee, .. }) in self.acl.iter().enumerate() {
            match grantee.r#type {
                GranteeType::Group if grantee.name.as_deref() != Some(EVERYONE) => {
                    return Err(format!("acl[{index}].grantee.name: the only group is {EVERYONE}"));
                }
                GranteeType::User if grantee.id.as_deref().unwrap_or_default().is_empty() => {
                    return Err(format!("acl[{index}].grantee.id: a user is named by an id"));
                }
                GranteeType::Group | GranteeType::User => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::super::testing::{json, refused, round};
    use super::*;

    fn grant(grantee: &str, permission: &str) -> String {
        format!(r#"{{"acl":[{{"grantee":{grantee},"permission":"{permission}"}}]}}"#)
    }

    #[test]
    fn comes_back_without_what_is_unknown() {
        let sent = r#"{"acl":[{"grantee":{"type":"user","id":"usr-1","x":1},"permission":"WRITE"}],"y":2}"#;
        let kept = r#"{"acl":[{"grantee":{"type":"user","id":"usr-1"},"permission":"WRITE"}]}"#;
        assert_eq!(round::<Acl>(sent), json(kept));
        for empty in ["", "{}", r#"{"acl":[]}"#] {
            assert_eq!(round::<Acl>(empty), json(r#"{"acl":[]}"#));
        }
    }

    #[test]
    fn who_is_granted_what() {
        let grants = |grantee: &str, permission: &str| {
            let acl: Acl = read(grant(grantee, permission).as_bytes()).unwrap();
            (acl.grants_everyone(Permission::Read), acl.grants_everyone(Permission::Write))
        };
        let everyone = r#"{"type":"group","name":"QS_ALL_USERS"}"#;
        assert_eq!(grants(everyone, "READ"), (true, false));
        assert_eq!(grants(everyone, "WRITE"), (false, true));
        assert_eq!(grants(everyone, "FULL_CONTROL"), (true, true));
        assert_eq!(grants(r#"{"type":"user","id":"usr-1"}"#, "FULL_CONTROL"), (false, false));
    }

    #[test]
    fn faults() {
        refused::<Acl>(&grant(r#"{"type":"group","name":"OTHERS"}"#, "READ"), "acl[0].grantee.name");
        refused::<Acl>(&grant(r#"{"type":"group"}"#, "READ"), "acl[0].grantee.name");
        refused::<Acl>(&grant(r#"{"type":"user"}"#, "READ"), "acl[0].grantee.id");
        refused::<Acl>(&grant(r#"{"type":"robot"}"#, "READ"), "acl[0].grantee.type: unknown variant `robot`");
        refused::<Acl>(&grant(r#"{"name":"QS_ALL_USERS"}"#, "READ"), "missing field `type`");
        refused::<Acl>(&grant(r#"{"type":"user","id":"u"}"#, "read"), "acl[0].permission: unknown variant `read`");
        refused::<Acl>(r#"{"acl":{}}"#, "acl: invalid type: map");
    }
}
