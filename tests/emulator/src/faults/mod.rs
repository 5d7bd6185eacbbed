//! Fault injection: plans, the choice of the requests that get a fault, and the effects of the faults.

mod fault;
mod injected_fault;
mod injector;
mod plan;
mod yaml;

pub use fault::{Fault, Offset};
pub(crate) use injected_fault::InjectedFault;
pub(crate) use injector::FaultInjector;
pub use plan::{FaultPlan, FaultRule};
