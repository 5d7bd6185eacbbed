//! Who owns the buckets: all of them one and the same, whichever key pair made them.

use serde::Serialize;

pub(super) const OWNER: Owner = Owner { id: "usr-emulator", name: "emulator" };

#[derive(Serialize)]
pub(super) struct Owner {
    id: &'static str,
    name: &'static str,
}
