//! TLS on the one port: a connection whose first byte begins a TLS handshake is unwrapped, every other one is plain.
//!
//! Some clients speak nothing but HTTPS. They are given certificates of an authority of this state folder, made for the
//! name that they ask for. The authority is limited to the names and addresses of this computer, so that whoever trusts
//! it trusts it with nothing else. Its certificate is `tls/authority.pem`.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::origin;

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// How long a handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// How many connections wait to be taken over by the server.
const WAITING: usize = 64;

/// How many names certificates are kept for; a client chooses the names.
const NAMES: usize = 256;

/// The names of a certificate for clients that ask for none.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Makes certificates for the names of this computer.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    made: Mutex<BTreeMap<String, Arc<CertifiedKey>>>,
}

impl Authority {
    /// Opens the authority of a state folder, or makes it.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let folder = folder.join("tls");
        let (key_file, certificate_file) = (folder.join("authority.key"), folder.join("authority.pem"));
        let key = match std::fs::read_to_string(&key_file) {
            Ok(text) => KeyPair::from_pem(&text).map_err(io::Error::other)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = KeyPair::generate().map_err(io::Error::other)?;
                std::fs::create_dir_all(&folder)?;
                write_private(&key_file, &key.serialize_pem())?;
                key
            }
            Err(error) => return Err(error),
        };
        let params = authority_params()?;
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        // The certificate that was given away is kept: the same key and name, another signature.
        if !certificate_file.exists() {
            std::fs::write(&certificate_file, certificate.pem())?;
        }
        let certificate = certificate.der().clone();
        Ok(Self { issuer: Issuer::new(params, key), certificate, made: Mutex::default() })
    }

    /// What unwraps connections.
    pub(super) fn acceptor(self) -> io::Result<TlsAcceptor> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn certificate_for(&self, name: Option<&str>) -> io::Result<Arc<CertifiedKey>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = name.unwrap_or_default();
        if let Some(found) = made.get(known) {
            return Ok(Arc::clone(found));
        }
        let names = name.map_or_else(|| OWN_NAMES.map(str::to_owned).to_vec(), |name| vec![name.to_owned()]);
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, name.unwrap_or("localhost"));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = validity();
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signer = rustls::crypto::ring::sign::any_supported_type(&secret).map_err(io::Error::other)?;
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        let certified = Arc::new(CertifiedKey::new(chain, signer));
        if made.len() < NAMES {
            made.insert(known.to_owned(), Arc::clone(&certified));
        }
        Ok(certified)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Authority {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name();
        if name.is_some_and(|name| !origin::is_loopback(&origin::host_name(name))) {
            return None;
        }
        self.certificate_for(name).ok()
    }
}

fn authority_params() -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, "ampup, this computer only");
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::V4([127, 0, 0, 0], [255, 0, 0, 0])),
            GeneralSubtree::IpAddress(CidrSubnet::V6(std::net::Ipv6Addr::LOCALHOST.octets(), [255; 16])),
        ],
        excluded_subtrees: Vec::new(),
    });
    (params.not_before, params.not_after) = validity();
    Ok(params)
}

/// Certificates of this computer for this computer need no end that anyone would meet.
fn validity() -> (time::OffsetDateTime, time::OffsetDateTime) {
    (rcgen::date_time_ymd(2024, 1, 1), rcgen::date_time_ymd(2049, 1, 1))
}

/// Writes a file that only its owner reads.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}

/// A listener that gives plain and unwrapped connections alike.
pub(super) struct Listener {
    port: TcpListener,
    acceptor: TlsAcceptor,
    sender: mpsc::Sender<(Stream, SocketAddr)>,
    ready: mpsc::Receiver<(Stream, SocketAddr)>,
}

impl Listener {
    pub(super) fn new(listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        let (sender, ready) = mpsc::channel(WAITING);
        Self { port: listener, acceptor, sender, ready }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        loop {
            tokio::select! {
                Some(ready) = self.ready.recv() => return ready,
                // axum's own listener waits and tries again when the system refuses.
                (stream, address) = axum::serve::Listener::accept(&mut self.port) => {
                    let (acceptor, sender) = (self.acceptor.clone(), self.sender.clone());
                    tokio::spawn(async move {
                        if let Ok(stream) = open(stream, &acceptor).await {
                            // The server is gone, and with it whoever would answer.
                            let _ = sender.send((stream, address)).await;
                        }
                    });
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.port.local_addr()
    }
}

/// Looks at the first byte and unwraps what is wrapped.
async fn open(stream: TcpStream, acceptor: &TlsAcceptor) -> io::Result<Stream> {
    // Small answers must not wait for more; a stream that refuses is only slower.
    let _ = stream.set_nodelay(true);
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 || first[0] != HANDSHAKE {
        return Ok(Stream::Plain(stream));
    }
    let wrapped = tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await;
    wrapped.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.map(|stream| Stream::Tls(Box::new(stream)))
}

/// A connection.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
