//! A sign-in in a real browser: Chromium opens the page, a button is pressed, and what it ends on is read.
//!
//! With `AWSENV_SCREENSHOTS=DIR` the pages are kept there as pictures, in light and dark, wide and narrow.

use crate::chromium::Chromium;
use crate::output::Output;
use crate::sim::{Fault, Op};
use crate::world::{ALICE, World, has};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::Duration;

/// What a sign-in left: of awsenv, and in the browser.
struct Ended {
    awsenv: Output,
    title: String,
    heading: String,
    text: String,
    address: String,
    /// What the browser's console says.
    console: Vec<String>,
    world: World,
}

/// Signs in with a real awsenv and a real browser, in which `button` is pressed. `None`: there is no browser here.
fn sign_in(name: &str, button: &str, prepare: impl FnOnce(&World)) -> Option<Ended> {
    if !has("chromium") || !has("chromedriver") {
        return None;
    }
    let (opens, opened) = channel();
    let world = World::new().person(move |_, url| drop(opens.send(url)));
    prepare(&world);
    let browser = Chromium::start(&world.path("chromium"));
    let mut command = world.command();
    command.args(["login", "dev", "--region", "us-east-1"]).stdin(Stdio::null());
    let (awsenv, page) = std::thread::scope(|both| {
        let awsenv = both.spawn(|| world.finish("login dev", &mut command));
        let url = opened.recv_timeout(Duration::from_secs(20)).expect("awsenv opens a page");
        browser.go(&url);
        browser.pictures(&format!("{name}-before"));
        browser.click(button);
        let address = browser.wait_for_address("/oauth/result");
        let page = (browser.title(), browser.text("h1"), browser.text("body"), address, browser.console());
        (awsenv.join().expect("awsenv ends"), page)
    });
    browser.pictures(&format!("{name}-after"));
    let (title, heading, text, address, console) = page;
    Some(Ended { awsenv, title, heading, text, address, console, world })
}

impl Ended {
    /// What holds however it ended.
    fn is_clean(&self) {
        assert_eq!(self.console, Vec::<String>::new(), "the browser complains of nothing");
        let after = self.address.split_once("/oauth/result");
        assert_eq!(after.map(|(_, rest)| rest), Some(""), "nothing is left in {}", self.address);
        for secret in self.world.sim.secrets() {
            assert!(!self.text.contains(&secret), "a secret is on the page");
        }
    }
}

#[test]
fn whoever_goes_on_is_signed_in_and_the_page_says_so() {
    let Some(ended) = sign_in("good", "#continue", |_| ()) else { return };
    assert_eq!(ended.awsenv.code, 0, "{}", ended.awsenv);
    assert_eq!((&*ended.title, &*ended.heading), ("Signed in · awsenv", "Signed in"));
    assert!(ended.text.contains(ALICE) && ended.text.contains("dev"), "{}", ended.text);
    assert!(ended.awsenv.stdout.contains("AWS_SESSION_TOKEN='"), "{}", ended.awsenv);
    ended.is_clean();
}

#[test]
fn whoever_cancels_is_told_so_there_and_here() {
    let Some(ended) = sign_in("cancelled", "#cancel", |_| ()) else { return };
    assert_eq!((ended.awsenv.code, ended.awsenv.stdout.as_str()), (5, "false;\n"), "{}", ended.awsenv);
    assert!(ended.awsenv.stderr.contains("error: the sign-in was cancelled in the browser\n"));
    assert_eq!((&*ended.title, &*ended.heading), ("Not signed in · awsenv", "Not signed in"));
    assert!(ended.text.contains("The sign-in was cancelled in the browser."), "{}", ended.text);
    ended.is_clean();
}

#[test]
fn the_page_claims_nothing_that_the_exchange_did_not_yield() {
    let refuse = |world: &World| {
        let (error, message) = ("INVALID_REQUEST".to_owned(), "no".to_owned());
        world.sim.fault(Op::Token, Fault::Error { status: 400, error, message });
    };
    let Some(ended) = sign_in("refused", "#continue", refuse) else { return };
    assert_ne!(ended.awsenv.code, 0, "{}", ended.awsenv);
    assert_eq!(ended.awsenv.stdout, "false;\n");
    assert_eq!((&*ended.title, &*ended.heading), ("Not signed in · awsenv", "Not signed in"));
    assert!(!ended.text.contains(ALICE), "{}", ended.text);
    let error = ended.awsenv.stderr.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("?");
    assert!(ended.text.contains(&error[1..]), "not the words of the terminal, `{error}`: {}", ended.text);
    ended.is_clean();
}
