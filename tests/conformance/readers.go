// Verifies a log with the code by which Go checks its own checksum database.
// Reads one JSON document; prints one line: "ok", or what is wrong.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type input struct {
	Key, Old, New string
	Consistency   []tlog.Hash
	Entries       []struct {
		Index int64
		Data  []byte
		Proof []tlog.Hash
	}
}

func head(text string, verifier note.Verifier) (size int64, root tlog.Hash, err error) {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return 0, root, err
	}
	lines := strings.Split(opened.Text, "\n")
	if size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return 0, root, err
	}
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	copy(root[:], raw)
	return size, root, err
}

func check(in input) error {
	verifier, err := note.NewVerifier(in.Key)
	if err != nil {
		return err
	}
	oldSize, oldRoot, err := head(in.Old, verifier)
	if err != nil {
		return err
	}
	size, root, err := head(in.New, verifier)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(in.Consistency, size, root, oldSize, oldRoot); err != nil {
		return err
	}
	for _, entry := range in.Entries {
		hash := tlog.RecordHash(entry.Data)
		if err := tlog.CheckRecord(entry.Proof, size, root, entry.Index, hash); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fmt.Println(err)
		return
	}
	if err := check(in); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("ok")
}
