//! The embedder's side of hostcalls.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use crate::protocol::{HostcallError, Payload};

/// Answers guests' hostcalls.
///
/// Closures registered by name ([`HostBuilder::hostcall`](crate::HostBuilder::hostcall)) cover most
/// hosts; implement this to answer names that are not known in advance.
///
/// The future is dropped when the call that made the hostcall is cancelled or runs out of time. A
/// panic in it becomes an error `op_500` for the guest.
///
/// ```
/// use wit_wire_host::{HostcallContext, HostcallError, Hostcalls, Payload};
///
/// /// Answers `table.NAME` for tables that come and go.
/// struct Tables;
///
/// impl Hostcalls for Tables {
///     async fn call(&self, _: HostcallContext, op: String, payload: Payload) -> Result<Payload, HostcallError> {
///         match op.strip_prefix("table.") {
///             Some(name) => Ok(serde_json::json!({"table": name, "asked": payload.as_json()}).to_string().into()),
///             None => Err(HostcallError::new("op_404", format!("the host has no op `{op}`"))),
///         }
///     }
/// }
/// ```
pub trait Hostcalls: Send + Sync + 'static {
    /// Answers the op `op` with `payload`, both as the guest gave them. The answer is JSON.
    fn call(
        &self,
        context: HostcallContext,
        op: String,
        payload: Payload,
    ) -> impl Future<Output = Result<Payload, HostcallError>> + Send;
}

/// The call that makes a hostcall.
///
/// ```
/// use wit_wire_host::{HostcallContext, HostcallError};
///
/// struct Tenant {
///     id: u64,
/// }
///
/// /// The tenant is set by the embedder who made the call (`Call::context`), not by the guest.
/// async fn load(context: HostcallContext, key: String) -> Result<String, HostcallError> {
///     let tenant: &Tenant = context.value().ok_or_else(|| HostcallError::new("no_tenant", "unknown tenant"))?;
///     Ok(format!("value of {key} for tenant {}", tenant.id))
/// }
/// # let _ = load;
/// ```
#[derive(Clone)]
pub struct HostcallContext {
    pub(crate) op: Option<Arc<str>>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) value: Option<Arc<dyn Any + Send + Sync>>,
}

impl HostcallContext {
    /// The guest's op that makes the hostcall; `None` while the guest initialises.
    pub fn op(&self) -> Option<&str> {
        self.op.as_deref()
    }

    /// When the call that makes the hostcall must have come back.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The embedder's own value that the call carries, if it is a `T`. `None` while the guest
    /// initialises, which it does for all calls.
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.value.as_ref()?.downcast_ref()
    }
}

impl fmt::Debug for HostcallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostcallContext")
            .field("op", &self.op)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
