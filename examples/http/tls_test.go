package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTLS(t *testing.T) {
	cert, key, pool := certificate(t)
	each(t, func(t *testing.T, o options) {
		o.cert, o.key = cert, key
		s := serve(t, o)
		talk(t, &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool},
		}}, "https://"+s.address)
	})
}

func TestTLSCurl(t *testing.T) {
	cert, key, _ := certificate(t)
	s := serve(t, options{cert: cert, key: key})
	if got := tool(t, "curl", "-sS", "--max-time", "60", "--cacert", cert, "-d", "hello", "https://"+s.address+"/echo"); got != "hello" {
		t.Errorf("%q", got)
	}
}

// A client that does not speak TLS costs its connection and nothing else.
func TestNoTLS(t *testing.T) {
	cert, key, pool := certificate(t)
	s := serve(t, options{cert: cert, key: key})
	if _, err := http.Get("http://" + s.address); err == nil {
		t.Error("plain text was answered")
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer c.CloseIdleConnections()
	a, err := c.Get("https://" + s.address)
	if err != nil || a.StatusCode != 200 {
		t.Errorf("%v, %v", a, err)
	}
}

// certificate returns the files of a certificate for 127.0.0.1 and its key, and who trusts
// it.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "a test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	must(err)
	dir := t.TempDir()
	write := func(name, kind string, bytes []byte) string {
		path := filepath.Join(dir, name)
		must(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600))
		return path
	}
	cert, key = write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", keyDER)
	pool = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	must(err)
	pool.AddCert(parsed)
	return cert, key, pool
}
