//! The system's browser.

use std::io::ErrorKind;

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

/// Not by `std::process`, which would be 35 KB of the library, and panics where the host ignores SIGCHLD.
#[cfg(unix)]
fn start(program: &str, arguments: &[&str], url: &str) -> std::result::Result<(), ErrorKind> {
    use std::ffi::CString;
    use std::io::{Error, Read};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::ptr::{null, null_mut};
    // A fork of the host's that never ends may hold the other end of the pair.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);
    let kind = |error: Error| error.kind();
    let (mut ours, theirs) = UnixStream::pair().map_err(kind)?;
    ours.set_read_timeout(Some(PATIENCE)).map_err(kind)?;
    let words = [&[program], arguments, &[url]].concat();
    let words: Vec<CString> = words.into_iter().filter_map(|word| CString::new(word).ok()).collect();
    let argv: Vec<_> = words.iter().map(|word| word.as_ptr()).chain([null()]).collect();
    // SAFETY: the child leaves this function by `become_opener` alone.
    #[allow(unsafe_code)]
    let child = match unsafe { libc::fork() } {
        -1 => return Err(Error::last_os_error().kind()),
        // SAFETY: this is the child of a fork; the texts live until it is another program.
        0 => unsafe { become_opener(&argv, theirs.as_raw_fd()) },
        child => child,
    };
    drop(theirs);
    // The child was only there to start another, and ends at once.
    // SAFETY: it only waits; a host that waits for all of its children may have been faster.
    #[allow(unsafe_code)]
    while unsafe { libc::waitpid(child, null_mut(), 0) } < 0
        && Error::last_os_error().kind() == ErrorKind::Interrupted
    {}
    let mut errno = [0; 4];
    match ours.read_exact(&mut errno) {
        Ok(()) => Err(Error::from_raw_os_error(i32::from_ne_bytes(errno)).kind()),
        // It has become the other program.
        Err(_) => Ok(()),
    }
}

/// Nobody's child, so that it leaves no zombie however long the browser runs; the terminal's signals pass it by, what it
/// has to say does not appear there, and it keeps none of the program's descriptors.
///
/// # Safety
///
/// Only in the child of a fork, with a NULL at the end of `argv`.
#[cfg(unix)]
#[allow(unsafe_code)]
unsafe fn become_opener(argv: &[*const libc::c_char], report: libc::c_int) -> ! {
    // SAFETY: between fork and exec, and only calls that are fit for that; the set and the texts live through them.
    unsafe {
        let other = libc::fork();
        if other > 0 {
            libc::_exit(0);
        }
        if other == 0 {
            libc::setpgid(0, 0);
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            let nothing = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
            for standard in 0..3 {
                libc::dup2(nothing, standard);
            }
            #[cfg(target_os = "linux")]
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
            libc::execvp(argv[0], argv.as_ptr());
        }
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0).to_ne_bytes();
        libc::write(report, errno.as_ptr().cast(), errno.len());
        libc::_exit(1)
    }
}

#[cfg(not(unix))]
fn start(program: &str, arguments: &[&str], url: &str) -> std::result::Result<(), ErrorKind> {
    use std::process::{Command, Stdio};
    let mut command = Command::new(program);
    command.args(arguments).arg(url);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop).map_err(|error| error.kind())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn what_cannot_be_started_is_said_at_once() {
        let kind = start("no-such-program", &[], "http://127.0.0.1/").unwrap_err();
        assert_eq!(kind, ErrorKind::NotFound);
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
