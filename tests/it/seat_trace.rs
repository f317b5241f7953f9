//! The processes that a shell starts, counted by strace.

use crate::seat::Seat;
use std::path::{Path, PathBuf};

/// What stands before a shell, and before the file of its trace. The shell stays the terminal's first process.
pub(crate) const STRACE: [&str; 7] =
    ["strace", "-D", "-f", "-qqq", "-e", "trace=execve,clone,clone3,fork,vfork", "-o"];

/// The file of a trace.
pub(crate) fn file(paper: &Path) -> PathBuf {
    paper.with_extension("trace")
}

/// What was started.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Started {
    /// New processes; threads are none.
    pub(crate) processes: usize,
    /// The programs that became of processes.
    pub(crate) programs: Vec<String>,
}

impl Seat {
    /// What was started while this was done, by a shell that is `traced`, and by all that it started.
    pub(crate) fn starting(&mut self, done: impl FnOnce(&mut Seat)) -> Started {
        let before = self.trace().len();
        done(self);
        let trace = self.trace();
        let calls = || trace[before..].lines().filter(|line| !line.contains(" resumed>"));
        let new = |line: &&str| {
            ["clone(", "clone3(", "fork("].iter().any(|call| line.contains(call))
                && !line.contains("CLONE_THREAD")
        };
        let program = |line: &str| {
            let (_, after) = line.split_once("execve(\"")?;
            // one that was not found on this part of PATH is none
            (!line.contains(" = -1 ")).then(|| after.split('"').next().unwrap_or_default().to_owned())
        };
        Started { processes: calls().filter(new).count(), programs: calls().filter_map(program).collect() }
    }

    fn trace(&self) -> String {
        std::fs::read_to_string(file(&self.paper)).expect("the shell was started with `traced`")
    }
}
