//! Access control lists.

use serde::{Deserialize, Serialize};

use super::Rules;

/// The only group. Everyone is a member.
const EVERYONE: &str = "QS_ALL_USERS";

/// The grants of a bucket. Without grants, only the owner has access.
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
    id: Option<String>,
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
    /// Returns true if everyone has the permission, so that anonymous requests have it.
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
                    return Err(format!("acl[{index}].grantee.name: must be {EVERYONE}, the only group"));
                }
                GranteeType::User if grantee.id.as_deref().unwrap_or_default().is_empty() => {
                    return Err(format!("acl[{index}].grantee.id: is required for a user"));
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
    use super::super::testing::{json, refused, round_trip};
    use super::*;

    fn grant(grantee: &str, permission: &str) -> String {
        format!(r#"{{"acl":[{{"grantee":{grantee},"permission":"{permission}"}}]}}"#)
    }

    #[test]
    fn round_trips_without_unknown_fields() {
        let sent = r#"{"acl":[{"grantee":{"type":"user","id":"usr-1","x":1},"permission":"WRITE"}],"y":2}"#;
        let kept = r#"{"acl":[{"grantee":{"type":"user","id":"usr-1"},"permission":"WRITE"}]}"#;
        assert_eq!(round_trip::<Acl>(sent), json(kept));
        for empty in ["", "{}", r#"{"acl":[]}"#] {
            assert_eq!(round_trip::<Acl>(empty), json(r#"{"acl":[]}"#));
        }
    }

    #[test]
    fn only_grants_to_the_group_apply_to_everyone() {
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
    fn rejects_invalid_bodies() {
        refused::<Acl>(&grant(r#"{"type":"group","name":"OTHERS"}"#, "READ"), "acl[0].grantee.name");
        refused::<Acl>(&grant(r#"{"type":"group"}"#, "READ"), "acl[0].grantee.name");
        refused::<Acl>(&grant(r#"{"type":"user"}"#, "READ"), "acl[0].grantee.id");
        refused::<Acl>(&grant(r#"{"type":"robot"}"#, "READ"), "acl[0].grantee.type: unknown variant `robot`");
        refused::<Acl>(&grant(r#"{"name":"QS_ALL_USERS"}"#, "READ"), "missing field `type`");
        refused::<Acl>(&grant(r#"{"type":"user","id":"u"}"#, "read"), "acl[0].permission: unknown variant `read`");
        refused::<Acl>(r#"{"acl":{}}"#, "acl: invalid type: map");
    }
}
