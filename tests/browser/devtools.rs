//! A Chromium without a display, spoken to in the DevTools protocol over a pipe: JSON texts, each with a NUL behind it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    asked: u64,
    session: Option<String>,
    /// All that it told unasked, in order.
    pub events: Vec<Value>,
}

impl Browser {
    /// Starts it with a profile of its own in this folder, and opens an empty page.
    pub fn start(folder: &Path) -> Browser {
        // Chromium reads from 3 and writes to 4. The host rule keeps it on this machine.
        let script = r#"exec chromium --headless=new --no-sandbox --disable-gpu --no-first-run --disable-sync \
            --disable-dev-shm-usage --disable-background-networking --disable-component-update \
            --disable-default-apps --disable-extensions \
            --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost' --user-data-dir="$1/profile" \
            --remote-debugging-pipe about:blank 3<&0 4>&1 </dev/null >"$1/log" 2>&1"#;
        std::fs::create_dir_all(folder).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut browser = Browser { child, to, from, asked: 0, session: None, events: Vec::new() };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.ask("Target.attachToTarget", target);
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// One command, and its result.
    pub fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut command = json!({"id": self.asked, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{command}\0").as_bytes()).unwrap();
        loop {
            let message = self.hear();
            if message["id"] == self.asked {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// Waits for the first event of this name since the one at `from`; its place.
    pub fn wait_for(&mut self, name: &str, from: usize) -> usize {
        let mut at = from;
        loop {
            match self.events.get(at) {
                Some(event) if event["method"] == name => return at,
                Some(_) => at += 1,
                None => drop(self.hear()),
            }
        }
    }

    /// What a JavaScript expression is on the page, promises awaited.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.ask("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    fn hear(&mut self) -> Value {
        let mut text = Vec::new();
        self.from.read_until(0, &mut text).unwrap();
        assert_eq!(text.pop(), Some(0), "Chromium has ended");
        let message: Value = serde_json::from_slice(&text).unwrap();
        if message["id"].is_null() {
            self.events.push(message.clone());
        }
        message
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The process that was started is Chromium's first, and takes the others along.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
