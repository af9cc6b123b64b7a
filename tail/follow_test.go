package tail

import (
	"os"
	"testing"
)

func TestFollowHistoryThenNew(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 1000))
	c := follow(t, path, quick())
	c.awaitLines(t, 1000)
	c.awaitState(t, StateFollowing)
	appendTo(t, path, numbered(1000, 1010))
	wantNumbered(t, c.awaitLines(t, 1010), 0, 1010)
	if !c.batches[0].Past || c.batches[len(c.batches)-1].Past {
		t.Error("history must be Past, new lines not")
	}
}

func TestRenameAndCreate(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 5))
	c := follow(t, path, quick())
	c.awaitLines(t, 5)
	rename(t, path, path+".1")
	appendTo(t, path+".1", numbered(5, 10)) // the writer has not reopened yet
	c.awaitLines(t, 10)
	write(t, path, numbered(10, 20))
	wantNumbered(t, c.awaitLines(t, 20), 0, 20)
}

func TestCopyTruncate(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 50))
	c := follow(t, path, quick())
	c.awaitLines(t, 50)
	for i := range 5 {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, numbered(50+i*100, 50+i*100+50)...) // unread when truncated
		write(t, path+".1", string(data))
		write(t, path, numbered(100+i*100, 150+i*100))
		c.awaitLines(t, 150+i*100)
	}
	lines, st := c.snapshot()
	wantNumbered(t, lines, 0, 550)
	if st.LostBytes != 0 {
		t.Errorf("lost %d bytes", st.LostBytes)
	}
}
