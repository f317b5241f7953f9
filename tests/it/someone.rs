//! An ordinary user: whatever root may do, this one may not. (A suite that is not run by root is run as it is.)

use crate::crowd::{AWSENV, Ran, end, signed_in, start};
use crate::world::{World, has};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// `nobody`.
pub(crate) const NOBODY: u32 = 65534;

/// Whether root runs the suite.
pub(crate) fn root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A world whose home is an ordinary user's, and who is signed in there.
pub(crate) struct Someone {
    pub(crate) world: World,
    program: PathBuf,
}

impl Someone {
    pub(crate) fn signed_in() -> Someone {
        Someone::of(signed_in())
    }

    pub(crate) fn of(world: World) -> Someone {
        let program = world.path("awsenv");
        if std::fs::hard_link(AWSENV, &program).is_err() {
            std::fs::copy(AWSENV, &program).expect("the program is copied");
        }
        let someone = Someone { world, program };
        someone.own();
        someone
    }

    /// Gives the home, and what the browser needs, to the user.
    pub(crate) fn own(&self) {
        drop(self.world.command()); // makes the browser's directory
        if root() {
            let owner = format!("{NOBODY}:{NOBODY}");
            let paths = [self.world.path("home"), self.world.path("pages")];
            let done = Command::new("chown").args(["-hR", &owner]).args(paths).status();
            assert!(done.expect("chown is there").success());
        }
    }

    /// Any program as the user.
    pub(crate) fn command(&self, program: &Path) -> Command {
        if !root() {
            return self.world.command_of(program);
        }
        assert!(has("setpriv"), "setpriv makes an ordinary user of root");
        let mut command = self.world.command_of(Path::new("setpriv"));
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(program);
        command
    }

    /// awsenv as the user.
    pub(crate) fn awsenv(&self, args: &[&str]) -> Command {
        let mut command = self.command(&self.program.clone());
        command.args(args);
        command
    }

    /// awsenv as the user, to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        end(start(&mut self.awsenv(args)))
    }

    /// A line of shell as the user; `$0` is awsenv.
    pub(crate) fn shell(&self, line: &str) -> Ran {
        end(start(self.command(Path::new("/bin/sh")).args(["-c", line]).arg(&self.program)))
    }

    /// A line of shell as root, in namespaces of its own (`-m`, `-n`); `$0` runs awsenv as the user. `None`: not here.
    pub(crate) fn apart(&self, namespace: &str, line: &str) -> Option<Ran> {
        let allowed = Command::new("unshare").args([namespace, "true"]).status();
        if !root() || !allowed.is_ok_and(|status| status.success()) {
            println!("not run here: unshare {namespace}");
            return None;
        }
        let program = self.world.path("as-user");
        let text = format!(
            "#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups -- {} \"$@\"\n",
            self.program.display()
        );
        std::fs::write(&program, text).expect("a file of the test's own");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        let mut command = self.world.command_of(Path::new("unshare"));
        Some(end(start(command.args([namespace, "/bin/sh", "-c", line]).arg(program))))
    }

    /// Fails the test unless the fault bites: this line of shell must fail for the user.
    pub(crate) fn cannot(&self, line: &str) {
        let ran = self.shell(line);
        assert_ne!(ran.code, 0, "the fault does not bite: `{line}` works");
    }
}

impl Drop for Someone {
    fn drop(&mut self) {
        let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(self.world.path("home")).status();
    }
}

/// The mode of a file, without its kind.
pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).map_or(0, |meta| meta.mode() & 0o7777)
}
