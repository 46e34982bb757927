//! The program: starts a server, prints its ready line, and stays.

use bearer_testserver::{Command, Server};
use std::io::{Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match Command::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => {
            print!("{}", Command::USAGE);
            ExitCode::SUCCESS
        }
        Ok(Command::Run { options, until_stdin_closes }) => match run(options, until_stdin_closes) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("bearer-testserver: {error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("bearer-testserver: {error}");
            eprint!("{}", Command::USAGE);
            ExitCode::from(2)
        }
    }
}

fn run(options: bearer_testserver::Options, until_stdin_closes: bool) -> std::io::Result<()> {
    let server = Server::start(options)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", server.ready_json())?;
    // Whoever started the program may read its output through a pipe to the end.
    out.flush()?;
    drop(out);
    if until_stdin_closes {
        let mut input = std::io::stdin().lock();
        let mut scratch = [0; 4096];
        while input.read(&mut scratch)? > 0 {}
        return Ok(());
    }
    loop {
        std::thread::park();
    }
}
