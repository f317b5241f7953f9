//! The one test binary.

#[path = "../sim/mod.rs"]
mod sim;
/// The simulator's signatures and faults.
mod sim_faults;
/// The simulator refuses what AWS refuses.
#[path = "sim.rs"]
mod sim_self;
