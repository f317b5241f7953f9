//! stub
use crate::error::Result;
use crate::host::Host;
use crate::model::Region;
use std::collections::BTreeMap;
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) aliases: BTreeMap<String, String>,
    pub(crate) region: Option<Region>,
    pub(crate) browser: Option<String>,
    pub(crate) min_ttl: Option<chrono::TimeDelta>,
}
impl Settings {
    pub(crate) fn load(_: &Host) -> Result<Settings> {
        Ok(Settings::default())
    }
    pub(crate) fn color(&self, _: &str) -> Option<&str> {
        None
    }
}
