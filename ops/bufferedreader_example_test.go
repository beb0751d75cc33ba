package ops_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/heirloom-go/heirloom/ops"
)

// A server that reads commands, one per line, of at most 100 bytes.
func ExampleBufferedReader() {
	p, client, server := connected()
	defer p.Close()

	commands := ops.NewBufferedReader(server, make([]byte, 100))
	var onLine ops.HandlerFunc
	onLine = func(_ int, err error) {
		if err != nil { // io.EOF, or ops.ErrTooLong
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", commands.Bytes())
		commands.ReadLine(onLine)
	}
	commands.ReadLine(onLine)

	ops.WriteFull(client, []byte("HELO\r\nQUIT\r\n"), ops.HandlerFunc(func(int, error) { client.Close() }))
	p.Run(context.Background())
	// Output:
	// "HELO"
	// "QUIT"
	// EOF
}

// A message with a length and a body, which is read directly into its destination.
func ExampleBufferedReader_ReadFull() {
	p, client, server := connected()
	defer p.Close()

	messages := ops.NewBufferedReader(server, make([]byte, 100))
	messages.ReadUntil(':', ops.HandlerFunc(func(n int, err error) {
		if err != nil {
			fmt.Println("no length:", err)
			return
		}
		size, err := strconv.Atoi(string(messages.Bytes()[:n-1]))
		if err != nil || size < 0 || size > 1<<20 {
			fmt.Println("bad length:", err)
			return
		}
		body := make([]byte, size)
		messages.ReadFull(body, ops.HandlerFunc(func(_ int, err error) {
			fmt.Printf("%q %v\n", body, err)
		}))
	}))

	ops.WriteFull(client, []byte("5:hello,"), ops.HandlerFunc(func(int, error) {}))
	p.Run(context.Background())
	// Output: "hello" <nil>
}

// Words, found by the function that a bufio.Scanner uses.
func ExampleBufferedReader_ReadToken() {
	p, client, server := connected()
	defer p.Close()

	words := ops.NewBufferedReader(server, make([]byte, 100))
	count := 0
	var onWord ops.HandlerFunc
	onWord = func(_ int, err error) {
		if err == io.EOF {
			fmt.Println(count, "words")
			return
		}
		count++
		words.ReadToken(bufio.ScanWords, onWord)
	}
	words.ReadToken(bufio.ScanWords, onWord)

	ops.WriteFull(client, []byte("a line of text"), ops.HandlerFunc(func(int, error) { client.Close() }))
	p.Run(context.Background())
	// Output: 4 words
}
