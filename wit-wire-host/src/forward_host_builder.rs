//! The methods of `HostBuilder` that the builders of runtimes have in common.

/// Gives the builder of a runtime the methods of its field `host`, a `HostBuilder`, that do not
/// mention the engine. For the crates of this workspace; uses their dependency `serde`.
#[doc(hidden)]
#[macro_export]
macro_rules! forward_host_builder {
    ($builder:ty) => {
        impl $builder {
            /// Answers the hostcall `op` with `closure`, whose input and output are JSON through
            /// serde.
            ///
            /// The future is dropped when the call that made the hostcall is cancelled or exceeds a
            /// time limit. A panic in it becomes an error `op_500` for the guest.
            pub fn hostcall<I, O, F, Fut>(mut self, op: impl Into<String>, closure: F) -> Self
            where
                I: ::serde::de::DeserializeOwned + Send + 'static,
                O: ::serde::Serialize,
                F: Fn($crate::HostcallContext, I) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = Result<O, $crate::HostcallError>> + Send + 'static,
            {
                self.host = self.host.hostcall(op, closure);
                self
            }

            /// Answers all hostcalls for which no closure is registered.
            pub fn hostcalls(mut self, hostcalls: impl $crate::Hostcalls) -> Self {
                self.host = self.host.hostcalls(hostcalls);
                self
            }

            /// Adds to the hostcalls that the host also makes for durable calls, by name: those
            /// that are done at once and may be done again.
            pub fn immediate(mut self, ops: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.host = self.host.immediate(ops);
                self
            }

            /// Sets the limits of calls that do not set their own.
            pub fn limits(mut self, limits: $crate::Limits) -> Self {
                self.host = self.host.limits(limits);
                self
            }

            /// Sets how many instances there are, and how calls wait for them.
            pub fn pool(mut self, config: $crate::PoolConfig) -> Self {
                self.host = self.host.pool(config);
                self
            }
        }
    };
}
