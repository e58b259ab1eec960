//! Says who holds a port, so that "address in use" comes with a name and a way out.

use std::{fs, net::TcpListener, path::Path};

/// Checks that 127.0.0.1:`port` can be bound.
///
/// # Errors
/// When it cannot, with the process that holds it where the system tells, and what to do.
pub fn require_free(program: &str, port: u16) -> anyhow::Result<()> {
    let Err(error) = TcpListener::bind(("127.0.0.1", port)) else { return Ok(()) };
    if error.kind() != std::io::ErrorKind::AddrInUse {
        anyhow::bail!("{program} cannot listen on port {port}: {error}");
    }
    anyhow::bail!("{}", taken(program, port, holder(port).as_deref()))
}

fn taken(program: &str, port: u16, holder: Option<&str>) -> String {
    let holder = holder.unwrap_or("a process of another user");
    let other = if port >= 60_000 { 9000 } else { port + 1000 };
    format!(
        "port {port}, which {program} needs, is held by {holder}: stop that, or choose other ports with `cargo xtask up --port-base {other}`"
    )
}

/// `name (process 12)` of whoever listens on the port, as far as we may see it.
fn holder(port: u16) -> Option<String> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let socket = tables.iter().find_map(|table| listening_socket(table, port))?;
    let link = format!("socket:[{socket}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut ids = processes.filter_map(|entry| entry.file_name().into_string().ok()?.parse::<u32>().ok());
    let id = ids.find(|id| holds(*id, &link))?;
    let name = fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
    Some(format!("{} (process {id})", name.trim()))
}

fn holds(process: u32, link: &str) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    descriptors
        .flatten()
        .any(|descriptor| fs::read_link(descriptor.path()).is_ok_and(|target| target == Path::new(link)))
}

/// The inode of the socket that listens on `port`, out of the text of `/proc/net/tcp`.
fn listening_socket(table: &str, port: u16) -> Option<u64> {
    const LISTENING: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
        let matches = u16::from_str_radix(local_port, 16) == Ok(port) && *fields.get(3)? == LISTENING;
        if matches { fields.get(9)?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31415 1 0 100 0 0 10 0
   1: 0100007F:1F41 0100007F:A0B2 01 00000000:00000000 00:00000000 00000000     0        0 27182 1 0 20 4 30 10 -1
";

    #[test]
    fn the_listening_socket_is_found_and_a_mere_connection_is_not() {
        assert_eq!(listening_socket(TABLE, 8000), Some(31415));
        assert_eq!(listening_socket(TABLE, 8001), None);
        assert_eq!(listening_socket("", 8000), None);
        assert_eq!(listening_socket("header\n garbage\n", 8000), None);
    }

    #[test]
    fn a_taken_port_names_its_holder_and_the_way_out() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let message = require_free("loom", port).unwrap_err().to_string();
        assert!(message.contains(&format!("port {port}")), "{message}");
        assert!(message.contains(&format!("(process {})", std::process::id())), "{message}");
        assert!(message.contains("--port-base"), "{message}");
        drop(listener);
        require_free("loom", port).unwrap();
    }
}
