package secure_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// serverName is the name in the certificates of servers.
const serverName = "server.example"

// An authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

// These are all the certificates that the tests use. They are made when they are first
// needed.
var (
	ours    = sync.OnceValue(func() *authority { return newAuthority("ours") })
	theirs  = sync.OnceValue(func() *authority { return newAuthority("theirs") })
	good    = sync.OnceValue(func() tls.Certificate { return ours().issue(2, serverName, time.Hour) })
	expired = sync.OnceValue(func() tls.Certificate { return ours().issue(3, serverName, -time.Hour) })
	strange = sync.OnceValue(func() tls.Certificate { return theirs().issue(4, serverName, time.Hour) })
	client  = sync.OnceValue(func() tls.Certificate { return ours().issue(5, "client.example", time.Hour) })
)

func newAuthority(name string) *authority {
	a := &authority{key: newKey(), pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-24 * time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	a.certificate = a.sign(template, &a.key.PublicKey, template)
	a.pool.AddCert(a.certificate)
	return a
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func (a *authority) sign(template *x509.Certificate, key *ecdsa.PublicKey, parent *x509.Certificate) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, a.key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
}

// issue returns a certificate that is valid for a time from now on, or was until then.
func (a *authority) issue(serial int64, name string, valid time.Duration) tls.Certificate {
	key := newKey()
	c := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-12 * time.Hour),
		NotAfter:     time.Now().Add(valid),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, &key.PublicKey, a.certificate)
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key, Leaf: c}
}

// serverConfig and clientConfig are what most tests use, with one version of TLS or, if
// that is 0, any.
func serverConfig(version uint16) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{good()},
		MinVersion:   version, MaxVersion: version,
	}
}

func clientConfig(version uint16) *tls.Config {
	return &tls.Config{
		RootCAs: ours().pool, ServerName: serverName,
		MinVersion: version, MaxVersion: version,
	}
}

// versions are those that the tests are run with.
var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// writePEM writes what programs want to have in files, and returns their names.
func writePEM(t *testing.T, c tls.Certificate) (chain, key, roots string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return write("chain.pem", "CERTIFICATE", c.Certificate[0]), write("key.pem", "PRIVATE KEY", der),
		write("roots.pem", "CERTIFICATE", ours().certificate.Raw)
}
