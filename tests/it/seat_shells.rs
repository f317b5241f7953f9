//! The shells that a person sits at: how each is started, and how some things are said in it.

use crate::seat::Seat;
use crate::world::{World, has};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A shell with an rc file. Its prompt is a mark and `$ `, `% ` or `> `; a hook may put something beside them.
pub(crate) struct Shell {
    pub(crate) name: &'static str,
    /// Starts it so that no file of the machine's owner is read, but the rc file of the world's home is.
    args: &'static [&'static str],
    rc: &'static str,
    /// Of the rc file, around the text of the test.
    before: &'static str,
    after: &'static str,
}

static SHELLS: [Shell; 3] = [
    Shell {
        name: "bash",
        args: &["--noprofile", "-i"],
        rc: "home/.bashrc",
        before: "seat_n=0\nPS1='\\[\\e]7777;$$;$((seat_n+=1))\\a\\]$ '\n",
        after: "",
    },
    Shell {
        name: "zsh",
        args: &["-d", "-i"],
        rc: "home/.zshrc",
        before: "seat_n=0\nPROMPT=$'%{\\e]7777;0;0\\a%}%% '\nunsetopt prompt_sp\n",
        // by itself, for who has promptsubst off; last, for who puts his PROMPT together anew each time
        after: "seat_count() {\n  'emulate' -L 'zsh'\n  'setopt' 'no_xtrace'\n  \
                PROMPT=${PROMPT/7777;<->;<->/7777;$$;$((++seat_n))}\n}\nprecmd_functions+=(seat_count)\n",
    },
    Shell {
        name: "fish",
        args: &["-i"],
        rc: "home/.config/fish/config.fish",
        // the mark is where vi's mode would be shown, so that fish_prompt is free
        before: "set -g fish_greeting\nset -g seat_n 0\nfunction seat_count --on-event fish_prompt\n  \
                 set -g seat_n (math $seat_n + 1)\nend\n\
                 function seat_read --on-event fish_preexec\n  printf '\\e]7778;\\a'\nend\nfunction fish_mode_prompt\n  \
                 printf '\\e]7777;%s;%s\\a' $fish_pid $seat_n\nend\nfunction fish_prompt\n  echo -n '> '\nend\n",
        after: "",
    },
];

/// Every shell that is here.
pub(crate) fn shells() -> impl Iterator<Item = &'static Shell> {
    SHELLS.iter().filter(|shell| has(shell.name) && has("setsid"))
}

/// Does the same in every shell that is here.
pub(crate) fn each_shell(test: impl Fn(&Shell)) {
    for shell in shells() {
        println!("in {}:", shell.name); // shown if the test fails
        test(shell);
    }
}

/// Does the same for each of these at once: a person's shell mostly waits.
pub(crate) fn at_once<T: Sync>(all: &[T], test: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        for one in all {
            scope.spawn(|| test(one));
        }
    });
}

/// Does it in this one, if it is here.
pub(crate) fn in_shell(name: &str, test: impl Fn(&Shell)) {
    for shell in SHELLS.iter().filter(|shell| shell.name == name && has(name) && has("setsid")) {
        test(shell);
    }
}

impl Shell {
    /// Starts it with this rc text, and waits for its first prompt.
    pub(crate) fn start(&self, world: &World, rc: &str) -> Seat {
        self.at(world).rc(rc).start()
    }

    /// It, to be started with this and that.
    pub(crate) fn at<'a>(&'a self, world: &'a World) -> Setting<'a> {
        Setting {
            shell: self,
            world,
            rc: String::new(),
            size: (24, 80),
            env: vec![("TERM".into(), "xterm-256color".into()), ("LANG".into(), "C.UTF-8".into())],
            args: self.args.iter().map(ToString::to_string).collect(),
            traced: false,
            through: &[],
        }
    }

    pub(crate) fn is_fish(&self) -> bool {
        self.name == "fish"
    }

    /// A statement that exports a variable. The value is without quotes and backslashes.
    pub(crate) fn export(&self, name: &str, value: &str) -> String {
        if self.is_fish() { format!("set -gx {name} '{value}'") } else { format!("export {name}='{value}'") }
    }

    /// A statement that takes in what a command prints.
    pub(crate) fn takes(&self, command: &str) -> String {
        if self.is_fish() { format!("{command} | source") } else { format!("eval \"$({command})\"") }
    }
}

/// A shell that is about to start.
pub(crate) struct Setting<'a> {
    shell: &'a Shell,
    world: &'a World,
    rc: String,
    size: (u16, u16),
    env: Vec<(String, String)>,
    args: Vec<String>,
    traced: bool,
    through: &'static [&'static str],
}

impl Setting<'_> {
    /// The text of the rc file.
    pub(crate) fn rc(mut self, text: &str) -> Self {
        self.rc = text.into();
        self
    }

    /// Rows and columns.
    pub(crate) fn size(mut self, rows: u16, columns: u16) -> Self {
        self.size = (rows, columns);
        self
    }

    /// A variable, such as TERM.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Other arguments than those that make it interactive.
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.args = args.iter().map(ToString::to_string).collect();
        self
    }

    /// Started by a program that becomes the shell.
    pub(crate) fn through(mut self, program: &'static [&'static str]) -> Self {
        self.through = program;
        self
    }

    /// With every process that it starts written down: see `Seat::starting`.
    pub(crate) fn traced(mut self) -> Self {
        self.traced = true;
        self
    }

    /// Starts it, and waits for its first prompt.
    pub(crate) fn start(self) -> Seat {
        let mut seat = self.start_without_prompt();
        seat.prompt();
        seat
    }

    /// Starts it, and waits for nothing.
    pub(crate) fn start_without_prompt(self) -> Seat {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let Setting { shell, world, rc, size, env, args, traced, through } = self;
        world.write(shell.rc, &format!("{}{rc}\n{}", shell.before, shell.after));
        // without this folder, fish makes one at its first start, with a Python that reads all manuals
        world.write("home/.local/share/fish/generated_completions/none.fish", "");
        let paper = world.path(&format!("seat-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        let mut command = world.command_of(Path::new("setsid"));
        // the shell is found as a user's would be: by its hook, or by looking at who started awsenv
        command.env_remove("AWSENV_SHELL").envs(env).current_dir(world.path("home")).arg("--ctty");
        if traced {
            command.args(crate::seat_trace::STRACE).arg(crate::seat_trace::file(&paper));
        }
        Seat::new(command.args(through).arg(shell.name).args(args), shell.name, size, paper)
    }
}
