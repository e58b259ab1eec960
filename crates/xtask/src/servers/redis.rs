//! A private Redis that keeps its append-only file, as the programs ask of a real one.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use nix::sys::signal::Signal;

use super::{Home, Server, free_port, password};

const LIMIT: Duration = Duration::from_secs(2);

/// Starts the server; tests find it in `TEST_REDIS_URL`.
///
/// # Errors
/// With what the server said, when it does not come up.
pub fn start(program: &Path) -> anyhow::Result<Server> {
    let home = Home::new("redis")?;
    let (port, password) = (free_port()?, password()?);
    let settings = home.write("redis.conf", &settings(port, &password, home.path()))?.display().to_string();
    let leash = home.serve(program, &[&settings], Signal::SIGTERM, || answers(port, &password))?;
    let url = format!("redis://default:{password}@127.0.0.1:{port}/");
    Ok(Server { variable: ("TEST_REDIS_URL", url), _leash: leash })
}

fn settings(port: u16, password: &str, folder: &Path) -> String {
    format!(
        "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {}\nappendonly yes\nsave \"\"\ndaemonize no\n",
        folder.display()
    )
}

fn answers(port: u16, password: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        write!(stream, "AUTH {password}\r\nPING\r\nQUIT\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.contains("+PONG"))
}
