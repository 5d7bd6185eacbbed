//! Fault injection: plans, the decision which request has a fault, and its effect on connections and bodies.

mod fault;
mod incoming_body;
mod injected_fault;
mod injector;
mod outgoing_body;
mod plan;
mod rate_limiter;
mod yaml;

pub use fault::{Fault, Offset};
pub(crate) use incoming_body::IncomingBody;
pub(crate) use injected_fault::{BeforeAnswer, InjectedFault};
pub(crate) use injector::FaultInjector;
pub(crate) use outgoing_body::OutgoingBody;
pub use plan::{FaultPlan, FaultRule};
