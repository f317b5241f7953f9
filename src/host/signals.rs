//! Ctrl-C, while somebody is asked or waited for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What stdout gets when a signal ends us.
static PARTING: Mutex<&str> = Mutex::new("");

/// What is still to be done when a signal ends us.
static LAST: Mutex<Vec<Box<dyn FnOnce() + Send>>> = Mutex::new(Vec::new());

/// Has `last` done before a signal ends us.
pub(crate) fn before_parting(last: impl FnOnce() + Send + 'static) {
    if let Ok(mut all) = LAST.lock() {
        all.push(Box::new(last));
    }
}

/// Set once stdout has its last word.
static SAID: AtomicBool = AtomicBool::new(false);

/// Set once another program decides what a signal does.
static ANOTHERS: AtomicBool = AtomicBool::new(false);

/// From here on no signal ends us by [`watch`].
pub(crate) fn leave_to_another() {
    ANOTHERS.store(true, Ordering::SeqCst);
}

/// From here on a signal adds nothing to stdout.
pub(crate) fn nothing_more_to_say() {
    SAID.store(true, Ordering::SeqCst);
}

/// From here on a signal that ends us while [`watch`] is on first leaves `parting` on stdout.
pub(crate) fn part_with(parting: &'static str) {
    if let Ok(mut last) = PARTING.lock() {
        *last = parting;
    }
}

/// From here on a signal that ends us puts the terminal right, and then ends us as it would have: the shell sees a
/// process that died of the signal (130 for Ctrl-C).
///
/// Done only before a question or a wait, so that cached paths start no thread.
#[cfg(unix)]
pub(crate) fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use std::io::Write as _;
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let ignored = ignored();
        let ours = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let Ok(mut signals) = signal_hook::iterator::Signals::new(ours) else { return };
        let terminal = Terminal::remember();
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().find(|_| !ANOTHERS.load(Ordering::SeqCst)) {
                if !SAID.load(Ordering::SeqCst) {
                    let parting = PARTING.lock().map_or("", |parting| *parting);
                    let mut stdout = std::io::stdout();
                    let _ = stdout.write_all(parting.as_bytes()).and_then(|()| stdout.flush());
                }
                terminal.restore();
                let last = LAST.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default();
                for last in last {
                    last();
                }
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    });
}

#[cfg(not(unix))]
pub(crate) fn watch() {}

/// From here on Ctrl-Z stops us no more: a shell that waits for what we print could not go on, and in fish nobody
/// could wake us.
pub(crate) fn never_stop() {
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGTSTP, std::sync::Arc::default());
}

/// The signals that whoever started us ignores, as `nohup` does: a bit each, from 1 on. Not known outside Linux.
#[cfg(unix)]
pub(super) fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// The terminal as it was before a picker hid the cursor and took the keys one by one.
#[cfg(unix)]
struct Terminal(Option<(std::fs::File, rustix::termios::Termios)>);

#[cfg(unix)]
impl Terminal {
    fn remember() -> Terminal {
        let tty = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty");
        Terminal(tty.ok().and_then(|tty| rustix::termios::tcgetattr(&tty).ok().map(|modes| (tty, modes))))
    }

    fn restore(&self) {
        use std::io::Write as _;
        // one in the background that touched it would be stopped here
        let here =
            |tty| rustix::termios::tcgetpgrp(tty).is_ok_and(|group| group == rustix::process::getpgrp());
        if let Some((tty, modes)) = &self.0
            && here(tty)
        {
            let _ = rustix::termios::tcsetattr(tty, rustix::termios::OptionalActions::Now, modes);
            let mut tty = tty;
            let _ = tty.write_all(b"\x1b[?25h\r\n");
        }
    }
}
