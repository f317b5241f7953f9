//! Ctrl-C, while somebody is asked or waited for.

use std::io::Write as _;
use std::sync::Once;

/// From here on a signal that ends us first leaves `parting` on stdout, shows the cursor again, and then ends us as
/// it would have: the shell sees a process that died of the signal (130 for Ctrl-C).
///
/// Done only before a question or a wait, so that cached paths start no thread.
#[cfg(unix)]
pub(crate) fn part_with(parting: &'static str) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                let _ = std::io::stdout().write_all(parting.as_bytes());
                let _ = std::io::stdout().flush();
                show_cursor();
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    });
}

#[cfg(not(unix))]
pub(crate) fn part_with(_parting: &'static str) {}

/// A picker hides it, and puts the terminal in raw mode; the line discipline is restored by its own reader thread.
#[cfg(unix)]
fn show_cursor() {
    use std::io::IsTerminal as _;
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ = stderr.write_all(b"\x1b[?25h\r\n");
    }
}
