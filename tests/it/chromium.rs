//! Chromium without a screen, driven by ChromeDriver (W3C WebDriver over HTTP).

use crate::sim::Person;
use crate::world::eventually;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What Chromium is started with: no screen, and nothing that it asks for by itself.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox", // it cannot be had as root, and the pages are ours
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// Where `WebDriver` puts the reference of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one tab. Dropped, it is ended.
pub(crate) struct Chromium {
    driver: Child,
    /// The URL of the session.
    session: String,
}

impl Chromium {
    /// Starts a browser whose profile is in `dir`.
    pub(crate) fn start(dir: &Path) -> Chromium {
        std::fs::create_dir_all(dir).expect("a directory of the test's own");
        let mut driver = Command::new("chromedriver")
            .args(["--port=0", "--allowed-ips=127.0.0.1"])
            .env("HOME", dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(driver.stdout.take().expect("it is piped")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver says its port");
        std::thread::spawn(move || lines.for_each(drop)); // it must not stop at a full pipe
        let mut browser = Chromium { driver, session: format!("http://127.0.0.1:{port}/session") };
        let mut args: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
        args.push(format!("--user-data-dir={}", dir.join("profile").display()));
        let wished = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let made = browser.ask("POST", "", &wished);
        let id = made["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}")).to_owned();
        browser.session = format!("{}/{id}", browser.session);
        browser
    }

    /// Opens a page.
    pub(crate) fn go(&self, url: &str) {
        self.ask("POST", "/url", &json!({ "url": url }));
    }

    /// Presses the element of this selector.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.ask("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// What can be read in the element of this selector.
    pub(crate) fn text(&self, selector: &str) -> String {
        let element = self.element(selector);
        let text = self.ask("GET", &format!("/element/{element}/text"), &Value::Null);
        text.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn title(&self) -> String {
        self.ask("GET", "/title", &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the address bar holds `part`; what it holds then.
    pub(crate) fn wait_for_address(&self, part: &str) -> String {
        let mut address = String::new();
        eventually(&format!("the address bar holds {part}"), || {
            let found = self.ask("GET", "/url", &Value::Null);
            found.as_str().unwrap_or_default().clone_into(&mut address);
            address.contains(part)
        });
        address
    }

    /// What the pages so far made the browser write to its console: errors of scripts, of loading, of policy.
    pub(crate) fn console(&self) -> Vec<String> {
        let log = self.ask("POST", "/se/log", &json!({ "type": "browser" }));
        let lines = log.as_array().cloned().unwrap_or_else(|| panic!("no log: {log}"));
        lines.iter().map(|line| line["message"].as_str().unwrap_or("?").to_owned()).collect()
    }

    /// Keeps pictures of the page, if `AWSENV_SCREENSHOTS` names a directory: light and dark, wide and narrow.
    pub(crate) fn pictures(&self, name: &str) {
        let Some(dir) = std::env::var_os("AWSENV_SCREENSHOTS") else { return };
        let devtools = |cmd: &str, params: Value| {
            self.ask("POST", "/goog/cdp/execute", &json!({ "cmd": cmd, "params": params }));
        };
        for scheme in ["light", "dark"] {
            let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
            devtools("Emulation.setEmulatedMedia", json!({ "features": features }));
            for width in [900, 320] {
                let size = json!({ "width": width, "height": 640, "deviceScaleFactor": 1, "mobile": false });
                devtools("Emulation.setDeviceMetricsOverride", size);
                let picture = self.ask("GET", "/screenshot", &Value::Null);
                let picture = STANDARD.decode(picture.as_str().unwrap_or_default()).unwrap_or_default();
                let file = Path::new(&dir).join(format!("{name}-{scheme}-{width}.png"));
                std::fs::write(file, picture).expect("AWSENV_SCREENSHOTS is a directory");
            }
        }
        devtools("Emulation.clearDeviceMetricsOverride", json!({}));
        devtools("Emulation.setEmulatedMedia", json!({}));
    }

    fn element(&self, selector: &str) -> String {
        let found = self.ask("POST", "/element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("no {selector} on the page: {found}")).to_owned()
    }

    /// One command of `WebDriver`; its value.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.session);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Content-Type", "application/json; charset=utf-8")];
        let answer = Person::patient(Duration::from_secs(60)).send(method, &url, &headers, &body);
        let answer = answer.unwrap_or_else(|why| panic!("chromedriver: {why}"));
        let mut told: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        told["value"].take()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if self.session.contains("/session/") {
            let end = Person::patient(Duration::from_secs(10));
            let _ = end.send("DELETE", &self.session, &[], "");
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
