//! Files that a host lets all its guests read, such as the modules of packages: a guest asks for
//! the ones it needs, when it needs them.

use std::collections::BTreeMap;

use serde_json::json;

use crate::protocol::reserved::{FILE, FILES};
use crate::protocol::{HostcallError, file_content};

/// Files by path, with `/` between the parts of a path.
#[derive(Default)]
pub(crate) struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    pub(crate) fn extend(&mut self, files: impl IntoIterator<Item = (String, Vec<u8>)>) {
        self.0.extend(files);
    }

    /// Answers the hostcall `op`, if it is one of the two.
    pub(crate) fn answer(&self, op: &str, payload: &str) -> Option<Result<String, HostcallError>> {
        if self.0.is_empty() || ![FILES, FILE].contains(&op) {
            return None;
        }
        let Ok(path) = serde_json::from_str::<String>(payload) else {
            let message = format!("the payload of `{op}` must be a path");
            return Some(Err(HostcallError::new("op_400", message)));
        };
        Some(match op {
            FILES => Ok(json!(self.list(&path)).to_string()),
            _ => self.read(&path),
        })
    }

    /// The paths of the file `path`, or of those below the folder `path`.
    fn list(&self, path: &str) -> Vec<&str> {
        let folder = format!("{path}/");
        let itself = self.0.get_key_value(path);
        let from = self.0.range(folder.clone()..);
        let inside = from.take_while(|(file, _)| file.starts_with(&folder));
        let all = itself.into_iter().chain(inside);
        all.map(|(file, _)| file.as_str()).collect()
    }

    fn read(&self, path: &str) -> Result<String, HostcallError> {
        let missing = || HostcallError::new("file_404", format!("no file `{path}`"));
        let bytes = self.0.get(path).ok_or_else(missing)?;
        Ok(file_content(bytes).to_string())
    }
}
