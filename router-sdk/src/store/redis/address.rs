//! Where the server is: the URL of the configuration in, what to connect to out. No part of it is ever shown.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};

use crate::error::Error;

const FORMS: &str = "must be redis://HOST:PORT/DB, rediss:// for TLS, redis+cluster://HOST:PORT,HOST:PORT or \
                     redis+sentinel://HOST:PORT,HOST:PORT/NAME/DB, with USER:PASSWORD@ before the hosts where they are needed";

/// What to connect to.
#[derive(Clone)]
pub(crate) enum Address {
    One(ConnectionInfo),
    Cluster(Vec<ConnectionInfo>),
    Sentinel { nodes: Vec<ConnectionAddr>, master: String, login: RedisConnectionInfo, tls: bool },
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::One(_) => "Address::One",
            Self::Cluster(_) => "Address::Cluster",
            Self::Sentinel { .. } => "Address::Sentinel",
        })
    }
}

impl Address {
    /// Reads a URL; the error names the forms and nothing of what was given.
    pub(crate) fn read(url: &str) -> Result<Self, Error> {
        Self::parse(url.trim()).ok_or_else(|| Error::invalid_config("state.url", FORMS))
    }

    fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (base, form) = scheme.split_once('+').unwrap_or((scheme, ""));
        let tls = match base {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return None,
        };
        let plain = if tls { "rediss" } else { "redis" };
        match form {
            "" => info(&format!("{plain}://{rest}")).map(Self::One),
            "unix" if !tls => info(&format!("redis+unix://{rest}")).map(Self::One),
            "cluster" => {
                let nodes = nodes(plain, rest)?;
                let (nodes, _) = (nodes.0, none_left(nodes.1)?);
                Some(Self::Cluster(nodes))
            }
            "sentinel" => {
                let (nodes, path) = nodes(plain, rest)?;
                let (master, db) = path.split_once('/').unwrap_or((path, ""));
                let db = if db.is_empty() { 0 } else { db.parse().ok()? };
                let login = nodes.first()?.redis_settings().clone().set_db(db);
                let nodes = nodes.iter().map(|node| node.addr().clone()).collect();
                (!master.is_empty()).then(|| Self::Sentinel { nodes, master: master.to_owned(), login, tls })
            }
            _ => None,
        }
    }

    pub(super) fn tls(&self) -> bool {
        let over = |addr: &ConnectionAddr| matches!(addr, ConnectionAddr::TcpTls { .. });
        match self {
            Self::One(node) => over(node.addr()),
            Self::Cluster(nodes) => nodes.iter().any(|node| over(node.addr())),
            Self::Sentinel { tls, .. } => *tls,
        }
    }
}

fn info(url: &str) -> Option<ConnectionInfo> {
    let info = url.into_connection_info().ok()?;
    // The library's own name tells the server nothing of use and costs a command a connection.
    let login = info.redis_settings().clone().set_skip_set_lib_name();
    Some(info.set_redis_settings(login))
}

fn none_left(path: &str) -> Option<()> {
    (path.is_empty() || path == "0").then_some(())
}

/// The nodes, each with the user and password, and what follows them.
fn nodes<'a>(scheme: &str, rest: &'a str) -> Option<(Vec<ConnectionInfo>, &'a str)> {
    let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, hosts) = hosts.rsplit_once('@').map_or(("", hosts), |(login, hosts)| (login, hosts));
    let at = if login.is_empty() { "" } else { "@" };
    let nodes = hosts.split(',').map(|host| {
        let host = host.trim();
        if host.is_empty() { None } else { info(&format!("{scheme}://{login}{at}{host}")) }
    });
    Some((nodes.collect::<Option<_>>()?, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        assert!(matches!(Address::read("redis://127.0.0.1").unwrap(), Address::One(_)));
        assert!(matches!(Address::read("valkey://u:p@h:1/2").unwrap(), Address::One(_)));
        assert!(Address::read("rediss://h").unwrap().tls());
        assert!(matches!(Address::read("redis+unix:///run/redis.sock").unwrap(), Address::One(_)));
        let Address::Cluster(nodes) = Address::read("rediss+cluster://u:p@a:1,b:2").unwrap() else { panic!() };
        assert_eq!(nodes.len(), 2);
        assert!(nodes.iter().all(|n| n.redis_settings().password() == Some("p")));
        let Address::Sentinel { nodes, master, login, tls } =
            Address::read("redis+sentinel://:secret@a:1,b:2/mymaster/3").unwrap()
        else {
            panic!()
        };
        assert_eq!((nodes.len(), master.as_str(), login.db(), tls), (2, "mymaster", 3, false));
    }

    #[test]
    fn what_is_wrong_is_told_without_what_was_given() {
        for url in [
            "",
            "hunter2",
            "http://u:hunter2@h",
            "redis+cluster://u:hunter2@",
            "redis+cluster://u:hunter2@a/3",
            "redis+sentinel://u:hunter2@a",
            "redis+sentinel://u:hunter2@a/m/x",
            "redis://u:hunter2@h/db",
            "redis+magic://u:hunter2@h",
        ] {
            let error = Address::read(url).unwrap_err();
            assert!(error.message().contains("state.url"), "{error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
        let shown = format!("{:?}", Address::read("redis://u:hunter2@h").unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
