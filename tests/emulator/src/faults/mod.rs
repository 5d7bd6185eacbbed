//! Misbehaviour on demand: plans, what they decide, and what that does to requests.

mod decide;
mod fault;
mod hit;
mod load;
mod pace;
mod plan;
mod receive;
mod scalar;
mod send;
mod written_fault;

pub(crate) use decide::Faults;
pub use fault::{Fault, Offset};
pub(crate) use hit::{BeforeAnswer, Hit};
pub use plan::{FaultPlan, FaultRule};
pub(crate) use receive::Intake;
pub(crate) use send::Outgoing;
