package backup_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
)

// acknowledged is what a child prints before the id of a memory that was stored.
const acknowledged = "stored "

// followed is a child that stores memories while a replica follows, round after round.
func followed(ctx context.Context, dir, folder string, crash func(backup.Step)) (err error) {
	s, err := storage.Open(ctx, storage.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	rep := backup.StartReplica(ctx, s, backup.ReplicaOptions{Repository: backup.Options{Folder: folder, Crash: crash}, Every: time.Hour, Keep: 2})
	defer func() { err = errors.Join(err, rep.Close(ctx)) }()
	for round := range 6 {
		for i := range 10 {
			m := storagetest.Memory(fmt.Sprintf("heron %d of round %d", i, round))
			if _, err := s.Put(ctx, memory.Put{Memory: m, Audit: storagetest.Audit("remember")}); err != nil {
				return err
			}
			fmt.Println(acknowledged + string(m.ID))
			v := memory.Vector{ID: m.ID, Version: 1, Space: "mini", Values: storagetest.UnitVector(uint64(10*round + i))}
			if err := s.PutVectors(ctx, []memory.Vector{v}); err != nil {
				return err
			}
		}
		if round%2 == 1 {
			err = s.Flush(ctx)
		}
		if err := errors.Join(err, rep.Sync(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// TestFollowCrash kills the process at each step of a round of a replica, the first and later ones. Each state there is is
// whole, the store has what it acknowledged, the next replica goes on, and a failover to it, killed again and again, has
// everything in the end.
func TestFollowCrash(t *testing.T) {
	base := newScene(t)
	for step, counts := range map[backup.Step][]int{
		backup.StepFrozen: {1, 3}, backup.StepChunk: {1, 40}, backup.StepChunks: {1, 4}, backup.StepManifest: {1, 3}, backup.StepPublished: {1, 4},
		backup.StepForgotten: {1, 2}, backup.StepSwept: {1, 5},
	} {
		for _, count := range counts {
			t.Run(fmt.Sprintf("%s %d", step, count), func(t *testing.T) {
				t.Parallel()
				s := base.copy(t)
				remove(t, s.repo)
				out, killed := output(t, nil, opFollow, s.dir, s.repo, step, count)
				if !killed {
					t.Fatalf("the child was not killed: %s", out)
				}
				ids := []memory.ID{s.early, s.late}
				for line := range strings.Lines(out) {
					if id, ok := strings.CutPrefix(strings.TrimSpace(line), acknowledged); ok {
						ids = append(ids, memory.ID(id))
					}
				}
				if _, err := os.Stat(filepath.Join(s.repo, "repository.json")); err == nil {
					s.whole(t)
				}
				st := open(t, s.dir)
				if n := missing(t, st, ids); n > 0 {
					t.Errorf("the store lacks %d memories that it acknowledged", n)
				}
				follow(t, st, s.repo, 0)
				if err := st.Close(); err != nil {
					t.Fatal(err)
				}
				s.whole(t)
				repo := repository(t, backup.Options{Folder: s.repo, DataDir: s.dir})
				if p, err := repo.Prune(t.Context(), backup.Keep{Last: 3}, true); err != nil || p.Chunks > 0 {
					t.Errorf("%d chunks are left that no state needs, %v", p.Chunks, err)
				}
				damage(t, filepath.Join(s.dir, "catalog.db"))
				for _, at := range []backup.Step{backup.StepFiles, backup.StepDropped, backup.StepReady, backup.StepMoved, backup.StepSwapped} {
					if out, killed := output(t, nil, opFailover, s.dir, s.repo, at, 1); !killed {
						t.Errorf("the failover was not killed at %s: %s", at, out)
					}
				}
				st, _, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: s.dir}, Replica: s.repo})
				if err != nil {
					t.Fatal(err)
				}
				if err := st.Close(); err != nil {
					t.Fatal(err)
				}
				s.holds(t, s.dir, ids...)
			})
		}
	}
}
