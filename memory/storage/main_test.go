package storage_test

import (
	"testing"

	"github.com/elderzan/elderzan/memory/storage/storagetest"
)

func TestMain(m *testing.M) { storagetest.Main(m) }

func TestCrash(t *testing.T) { storagetest.Crash(t) }

func TestCrashBeside(t *testing.T) { storagetest.CrashBeside(t) }

func TestCrashAnywhere(t *testing.T) { storagetest.CrashAnywhere(t) }

func TestCrashModel(t *testing.T) { storagetest.Model(t) }

func TestFailEach(t *testing.T) { storagetest.FailEach(t) }

func TestCrashDamage(t *testing.T) { storagetest.Damage(t) }

func TestFullDisk(t *testing.T) { storagetest.FullDisk(t) }

func TestReadOnly(t *testing.T) { storagetest.ReadOnly(t) }
