module github.com/heirloom-go/heirloom/examples/http/parsers

go 1.26.0

require (
	github.com/cloudwego/hertz v0.10.4
	github.com/heirloom-go/heirloom v0.0.0
	github.com/lesismal/nbio v1.6.8
	github.com/valyala/fasthttp v1.78.0
)

require (
	github.com/bytedance/gopkg v0.1.3 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/lesismal/llib v1.2.2 // indirect
	github.com/molecule-man/go-brrr v1.3.1 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/heirloom-go/heirloom => ../../..
