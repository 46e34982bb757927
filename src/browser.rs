//! The system's browser.

use std::process::{Child, Command, Stdio};

use crate::error::{Error, Reason, Result};

#[cfg(target_os = "macos")]
const OPENER: (&str, &[&str]) = ("open", &[]);
#[cfg(windows)]
const OPENER: (&str, &[&str]) = ("rundll32", &["url.dll,FileProtocolHandler"]);
#[cfg(not(any(target_os = "macos", windows)))]
const OPENER: (&str, &[&str]) = ("xdg-open", &[]);

/// Asks the system to open an http or https URL, without a shell, and does not wait for what comes of it.
pub fn open(url: &str) -> Result<()> {
    start(OPENER.0, OPENER.1, url).map_err(|kind| {
        Error::new(
            Reason::NoBrowser,
            format!("{} cannot be started ({kind}): open the URL by a function of your own", OPENER.0),
        )
    })
}

fn start(program: &str, arguments: &[&str], url: &str) -> std::result::Result<(), std::io::ErrorKind> {
    let mut command = Command::new(program);
    command.args(arguments).arg(url);
    // What a browser has to say does not belong on the program's terminal.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    detach(&mut command);
    let mut child = spawn(&mut command)?;
    if cfg!(unix) {
        // The one that was only there to start it.
        let _ = child.wait();
    }
    Ok(())
}

/// std panics where the program does not exist and the host ignores SIGCHLD.
fn spawn(command: &mut Command) -> std::result::Result<Child, std::io::ErrorKind> {
    let spawned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| command.spawn()));
    spawned.map_err(|_| std::io::ErrorKind::NotFound)?.map_err(|error| error.kind())
}

/// The new process is nobody's child, so that it leaves no zombie however long the browser runs; the terminal's signals
/// pass it by, and it keeps none of the program's descriptors.
#[cfg(unix)]
fn detach(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
    // SAFETY: between fork and exec, and only calls that POSIX allows there.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(|| {
            #[cfg(target_os = "linux")]
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
            match libc::fork() {
                0 => Ok(()),
                -1 => Err(std::io::Error::last_os_error()),
                _ => libc::_exit(0),
            }
        });
    }
}

#[cfg(not(unix))]
fn detach(_: &mut Command) {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_started_is_said_at_once() {
        let kind = start("no-such-program", &[], "http://127.0.0.1/").unwrap_err();
        assert_eq!(kind, std::io::ErrorKind::NotFound);
    }

    #[cfg(target_os = "linux")]
    fn inherit(file: &std::fs::File) {
        use std::os::fd::AsRawFd;
        // SAFETY: it takes a flag off an open descriptor.
        #[allow(unsafe_code)]
        unsafe {
            libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0);
        }
    }

    /// It ends when this test lets it, so `start` did not wait; and it is no child of ours, so it leaves no zombie.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_was_started_is_nobodys_child() {
        use std::io::{Read, Write};
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("target/tmp/{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (go, said) = (folder.join("go"), folder.join("said"));
        for pipe in [&go, &said] {
            assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
        }
        // Its parent, and the descriptors it was given.
        let script =
            "{ cut -d' ' -f4 /proc/$$/stat; for fd in /proc/$$/fd/*; do readlink $fd; done; } >\"$1/said\"
            read line <\"$1/go\"; echo over >\"$1/said\"";
        let text = folder.to_str().unwrap();
        // Inherited, as a descriptor is that the host did not mark.
        let held_path = folder.join("held");
        let held = std::fs::File::create(&held_path).unwrap();
        let held_path = held_path.to_str().unwrap();
        inherit(&held);
        let (tell, told) = std::sync::mpsc::channel();
        let starting = text.to_owned();
        let starter = std::thread::spawn(move || {
            start("sh", &["-c", script, "sh", &starting], "http://127.0.0.1/").unwrap();
            tell.send(()).unwrap();
        });
        let mut words = String::new();
        std::fs::File::open(&said).unwrap().read_to_string(&mut words).unwrap();
        let returned = told.recv_timeout(std::time::Duration::from_secs(10));
        std::fs::File::options().write(true).open(&go).unwrap().write_all(b"go\n").unwrap();
        let mut over = String::new();
        std::fs::File::open(&said).unwrap().read_to_string(&mut over).unwrap();
        starter.join().unwrap();
        drop(held);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(returned.is_ok(), "it waited");
        let (parent, files) = words.split_once('\n').unwrap();
        assert_ne!(parent, std::process::id().to_string());
        assert!(!files.contains(held_path), "{files}");
        assert_eq!(over, "over\n");
    }
}
