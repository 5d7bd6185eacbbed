//! What requests for lists ask for.

use crate::error::Error;
use crate::limits::PAGE;
use crate::query::Query;
use crate::store::Page;

/// The page after the marker of this name.
pub(super) fn asked<'a>(query: &'a Query, marker: &str, default_limit: u64) -> Result<Page<'a>, Error> {
    Ok(Page {
        prefix: query.text("prefix").unwrap_or_default(),
        delimiter: query.text("delimiter").unwrap_or_default(),
        marker: query.text(marker).unwrap_or_default(),
        limit: query.integer("limit")?.unwrap_or(default_limit).min(PAGE) as usize,
    })
}
