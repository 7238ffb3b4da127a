package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/metrics"
	"github.com/elderzan/elderzan/cmd/internal/trace"
	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/lexical"
	"github.com/elderzan/elderzan/embed/minilm"
	"github.com/elderzan/elderzan/embed/openai"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/session"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/tokens"
	"github.com/elderzan/elderzan/memory/topic"
	"github.com/elderzan/elderzan/security/keyring"
)

// stack is the memory with everything under it. It is the one place that knows all parts.
type stack struct {
	store   *storage.Store
	indexer *memory.Indexer
	linker  *memory.Linker
	book    *session.Book
	topics  *topic.Keeper
	service *memory.Service
	sweeper *memory.Sweeper
	embeds  *embeddings
	scoping *scoping // what decides scopes
	cloud   *cloud
	log     *slog.Logger

	plan       atomic.Pointer[embedPlan]
	reembedder *memory.Reembedder // nil where nothing was to be embedded anew
	retokener  *memory.Reembedder // nil where no tokens were missing
	planning   sync.Mutex         // held while plan changes

	authorizer *authorizer
	flags      *flags
	reporter   *reporter // nil where no reports are wanted

	dir       string         // data folder
	keys      keyring.Source // of the master key
	keyAlerts []string

	replica  *backup.Replica  // nil where none is configured
	failover *backup.Failover // nil where the store itself was opened

	cloudReady atomic.Pointer[cloud] // cloud, for the store's commits, which begin before it is there
}

// mending says what may be done to open a damaged store.
type mending struct {
	Repair  bool // make anew what can be
	Salvage bool // with Repair, give up what cannot be read of a damaged database
}

// cloudChanged is told of each commit that the cloud has to hear of.
func (s *stack) cloudChanged() {
	if k := s.cloudReady.Load(); k != nil {
		k.nudge()
	}
}

// openStack opens the data folder; traces, counts and committed, which is told of each change, may be nil. With mend.Repair what is damaged
// and can be made anew does not hinder it. The model is not loaded before its first use.
func openStack(ctx context.Context, c config, traces *trace.Tracer, counts *metrics.Metrics, mend mending, committed func(memory.Commit), log *slog.Logger) (_ *stack, err error) {
	source, err := c.Keys.source(ctx, c.Data)
	if err != nil {
		return nil, err
	}
	st := &stack{log: log, dir: c.Data, keys: source, keyAlerts: keyAlert(c.Data, c.Keys.URL)}
	o := backup.FailoverOptions{Store: storage.Options{Dir: c.Data, KeySource: source, Mend: mend.Repair, Salvage: mend.Salvage, Logger: log, CloudChanged: st.cloudChanged, Committed: committed, Step: traces.Step()}, Replica: c.Backup.Replica}
	if mend.Repair {
		o.Replica = "" // whoever asks for repair has chosen it over the replica
	}
	store, failover, err := backup.OpenOrFailover(ctx, o)
	if err != nil {
		return nil, err
	}
	st.store, st.failover = store, failover
	defer func() {
		if err != nil {
			err = errors.Join(err, st.close())
		}
	}()
	plan, err := st.planFor(ctx, c.Embedding)
	if err != nil {
		return nil, err
	}
	st.plan.Store(&plan)
	if st.embeds, err = openEmbeddings(ctx, c, plan.Formers, log); err != nil {
		return nil, err
	}
	ranker, err := rank.New(rank.Options{})
	if err != nil {
		return nil, fmt.Errorf("ranker: %w", err)
	}
	st.book = session.Open(context.WithoutCancel(ctx), session.Options{Store: store, Kin: store, Drafts: store, Logger: log})
	st.linker = memory.NewLinker(store, store, memory.LinkerOptions{Alike: rank.Alike, Logger: log})
	embedder := traces.Embedder(st.embeds)
	looker := &lateLooker{ready: make(chan struct{})}
	st.indexer = memory.NewIndexer(context.WithoutCancel(ctx), store, embedder, memory.IndexerOptions{
		Looker: looker, Remote: st.embeds.remote(), Logger: log, OnBatch: func(int, time.Duration) {
			st.linker.Wake()
			st.book.Embedded()
		},
	})
	st.topics = topic.Open(context.WithoutCancel(ctx), topic.Options{Store: store, Count: st.vectors, Busy: st.indexer.Busy, Logger: log})
	st.linker.Start(context.WithoutCancel(ctx), st.indexer.Busy)
	if st.scoping, err = openScoping(c, log); err != nil {
		return nil, err
	}
	st.scoping.learnFrom(embedder)
	if st.authorizer, err = newAuthorizer(ctx, store); err != nil {
		return nil, err
	}
	if st.flags, err = openFlags(ctx, st, log); err != nil {
		return nil, err
	}
	st.service, err = memory.NewService(memory.Options{
		Authorizer: st.authorizer, Store: traces.Store(store), Embedder: embedder, Classifier: counts.Classifier(traces.Classifier(st.scoping.classifier(st.flags.raiser(st.scoping.learnt)))), Learner: st.scoping.learnt, Second: st.flags.second(st.scoping.learnt), Ranker: ranker, Indexer: st.indexer,
		Kin: store, Journal: st.book, Sessions: store, Drafts: store, Audits: store, Conflicts: waiting{st}, RemoteEmbedding: st.embeds.remote(),
		CountTokens: tokens.Count, Passage: analysis.Passage, Feature: st.flags.on, Step: traces.Step(), Cloud: func() bool { return st.cloud.ready() },
	})
	if err != nil {
		return nil, err
	}
	looker.is(st.service)
	local := &cloudLocal{store: store, spaces: st.embeds.spaces, applied: st.indexer.Wake, hold: st.holds}
	if st.cloud, err = openCloud(ctx, c.Cloud, local, st.flags.hybrid, traces, counts, log); err != nil {
		return nil, err
	}
	st.flags.watch(st.cloud)
	if c.Report.Every != "" {
		st.reporter = startReporter(ctx, st, c.Report, log)
	}
	st.cloudReady.Store(st.cloud)
	st.sweeper = memory.NewSweeper(context.WithoutCancel(ctx), st.service, store, log)
	if err := st.reembed(ctx, plan, log); err != nil {
		return nil, err
	}
	st.retoken(ctx, log)
	if c.Backup.Replica != "" {
		st.replica = backup.StartReplica(ctx, store, backup.ReplicaOptions{Repository: backup.Options{Folder: c.Backup.Replica, KeySource: source, Build: version}, Logger: log})
	}
	return st, nil
}

// lastReplica is how long the last state of the replica may take when the engine ends.
const lastReplica = 20 * time.Second

// closeReplica has the replica catch up. The store itself is whole: trouble with the replica is no reason to fail.
func (s *stack) closeReplica() {
	ctx, cancel := context.WithTimeout(context.Background(), lastReplica)
	defer cancel()
	if err := s.replica.Close(ctx); err != nil {
		s.log.Warn("the replica lacks the last changes; it catches up at the next start", "error", err)
	}
}

// vectors counts the vectors of the fullest space.
func (s *stack) vectors() (most int) {
	for _, n := range s.store.Spaces() {
		most = max(most, n)
	}
	return most
}

// topicsFor groups what the caller may read.
func (s *stack) topicsFor(ctx context.Context, c memory.Caller, spots bool) (memory.TopicMap, error) {
	return s.topics.Topics(ctx, func(ctx context.Context, ids []memory.ID) ([]memory.Memory, error) {
		return s.service.Get(ctx, c, ids)
	}, spots)
}

// closeBook writes what is new about the sessions.
func (s *stack) closeBook() error {
	ctx, cancel := context.WithTimeout(context.Background(), lastReplica)
	defer cancel()
	return s.book.Close(ctx)
}

// alerts are what status tells of the replica.
func (s *stack) alerts() []string {
	out := append(slices.Clone(s.keyAlerts), s.flags.book.Alerts()...)
	if alert := s.store.Patrol().Alert(); alert != "" {
		out = append(out, alert)
	}
	for _, m := range s.store.Mended() {
		if time.Since(m.At) < mendedShown {
			out = append(out, fmt.Sprintf("mended at start, %s: %s: %s", m.At.Local().Format(time.DateTime), m.What, m.Detail))
		}
	}
	if s.failover != nil {
		out = append(out, s.failover.Warning())
	} else if aside := backup.SetAside(s.dir); len(aside) > 0 {
		out = append(out, "what a failover set aside is still in "+strings.Join(aside, ", ")+
			": look for what was remembered shortly before it (elderzan audit show tells when), then remove it")
	}
	if s.replica == nil {
		return out
	}
	if st := s.replica.Status(); st.Err != nil {
		out = append(out, fmt.Sprintf("the replica in %s is %s behind: %v", st.Folder, st.Lag.Round(time.Second), st.Err))
	} else if st.Lag > time.Minute {
		out = append(out, fmt.Sprintf("the replica in %s is %s behind", st.Folder, st.Lag.Round(time.Second)))
	}
	return out
}

// mendedShown is for how long status tells of what was mended at a start; doctor and the audit log do so longer.
const mendedShown = 7 * 24 * time.Hour

// close stops the workers first and the engines last.
func (s *stack) close() error {
	var errs []error
	if s.reporter != nil {
		s.reporter.close()
	}
	if s.flags != nil {
		errs = append(errs, s.flags.close())
	}
	if s.cloud != nil {
		errs = append(errs, s.cloud.close())
	}
	if s.sweeper != nil {
		errs = append(errs, s.sweeper.Close())
	}
	if s.retokener != nil {
		errs = append(errs, s.retokener.Close())
	}
	if s.reembedder != nil {
		errs = append(errs, s.reembedder.Close())
	}
	if s.indexer != nil {
		errs = append(errs, s.indexer.Close())
	}
	if s.scoping != nil && s.scoping.learnt != nil {
		errs = append(errs, s.scoping.learnt.Close())
	}
	if s.linker != nil {
		errs = append(errs, s.linker.Close())
	}
	if s.topics != nil {
		errs = append(errs, s.topics.Close())
	}
	if s.book != nil {
		errs = append(errs, s.closeBook())
	}
	if s.replica != nil {
		s.closeReplica()
	}
	errs = append(errs, s.store.Close())
	if s.embeds != nil {
		errs = append(errs, s.embeds.close())
	}
	return errors.Join(errs...)
}

// windowsPerText is how many windows of about 200 tokens of a long memory are embedded: beyond 1,200 tokens its words
// must do.
const windowsPerText = 8

// embeddings is the embedder of the service. Where the model's weights are missing, it says so at each use, and the
// memory goes on with words alone.
type embeddings struct {
	router  atomic.Pointer[embedding.Router]
	local   embedding.Embedder
	distant embedding.Embedder    // nil where there is none
	closers []func() error        // in the order of closing
	err     error                 // why there is no router
	last    atomic.Pointer[error] // what the last use ran into
}

var _ memory.Embedder = (*embeddings)(nil)

func openEmbeddings(ctx context.Context, c config, formers []embedModel, log *slog.Logger) (_ *embeddings, err error) {
	e := &embeddings{}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	model, err := minilm.Open(modelFolder(c.ModelDir), minilm.Options{Windows: windowsPerText})
	if err != nil {
		log.Error("no embeddings: recall answers from words alone", "error", err)
		return &embeddings{err: err}, nil
	}
	e.closers = append(e.closers, model.Close)
	words, err := lexical.New(lexical.Options{Terms: analysis.Terms, TermsVersion: analysis.Version})
	if err != nil {
		return nil, err
	}
	joint, err := embedding.NewJoint(model, words, embedding.JointOptions{})
	if err != nil {
		return nil, err
	}
	local, err := e.serve(joint)
	if err != nil {
		return nil, err
	}
	var remote embedding.Embedder
	if c.Embedding.Provider == "openai" {
		if remote, err = e.openRemote(ctx, c.Embedding, log); err != nil {
			return nil, err
		}
	}
	e.local, e.distant = local, remote
	used := map[string]bool{local.Space(): true}
	if remote != nil {
		used[remote.Space()] = true
	}
	r, err := embedding.NewRouter(local, remote, e.formers(c.Embedding, formers, used, log)...)
	if err != nil {
		return nil, err
	}
	e.router.Store(r)
	return e, nil
}

// spaces are those that memories should be in; ok is false without a model.
func (e *embeddings) spaces() (want memory.Spaces, ok bool) {
	if e.router.Load() == nil {
		return want, false
	}
	want = memory.Spaces{Open: e.local.Space(), Local: e.local.Space()}
	if e.distant != nil {
		want.Open = e.distant.Space()
	}
	return want, true
}

// dropFormers has questions go to the present models alone.
func (e *embeddings) dropFormers() error {
	r, err := embedding.NewRouter(e.local, e.distant)
	if err == nil {
		e.router.Store(r)
	}
	return err
}

// serve puts a queue, in which questions go first, and a cache before an embedder.
func (e *embeddings) serve(inner embedding.Embedder) (embedding.Embedder, error) {
	b, err := embedding.NewBatcher(inner, embedding.BatcherOptions{})
	if err != nil {
		return nil, err
	}
	e.closers = append([]func() error{b.Close}, e.closers...)
	return embedding.NewCache(b, embedding.CacheOptions{Bytes: embeddingCacheBytes})
}

// embeddingCacheBytes holds about 1,200 vectors: questions repeat within a session, documents seldom do.
const embeddingCacheBytes = 4 << 20

func (e *embeddings) Documents(ctx context.Context, texts []string, localOnly bool) ([]memory.Embedding, string, error) {
	if e.router.Load() == nil {
		return nil, "", fmt.Errorf("%w: %w", memory.ErrNotEmbedding, e.err)
	}
	rows, space, err := e.router.Load().Documents(ctx, texts, localOnly)
	out := make([]memory.Embedding, len(rows))
	for i, r := range rows {
		out[i] = memory.Embedding{Vector: r.Vector, Tokens: memory.Tokens(r.Tokens)}
	}
	return out, space, e.note(err)
}

func (e *embeddings) Query(ctx context.Context, text string, localOnly bool) (map[string]memory.Embedding, bool, error) {
	if e.router.Load() == nil {
		return nil, true, fmt.Errorf("%w: %w", memory.ErrNotEmbedding, e.err)
	}
	rows, degraded, err := e.router.Load().Query(ctx, text, localOnly)
	out := make(map[string]memory.Embedding, len(rows))
	for space, r := range rows {
		out[space] = memory.Embedding{Vector: r.Vector, Tokens: memory.Tokens(r.Tokens)}
	}
	return out, degraded, e.note(err)
}

// note marks the errors that a person can mend by setting the model or its provider up again, and keeps them for
// trouble.
func (e *embeddings) note(err error) error {
	if errors.Is(err, minilm.ErrWeightsMissing) || errors.Is(err, minilm.ErrWeightsAltered) || errors.Is(err, openai.ErrKey) {
		err = fmt.Errorf("%w: %w", memory.ErrNotEmbedding, err)
		e.last.Store(&err)
	}
	if err == nil {
		e.last.Store(nil)
	}
	return err
}

// trouble is why texts are not embedded; nil while nothing is known to hinder that.
func (e *embeddings) trouble() error {
	if p := e.last.Load(); p != nil {
		return *p
	}
	return e.err
}

func (e *embeddings) remote() bool { r := e.router.Load(); return r != nil && r.Remote() }

// name is the model as status tells it.
func (e *embeddings) name() string {
	if e.router.Load() == nil {
		return "none: " + e.err.Error()
	}
	spaces, _ := e.spaces()
	return spaces.Open
}

func (e *embeddings) close() error {
	var errs []error
	for _, c := range e.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// lateLooker is the service for the indexer, which is there before it and waits for it: nothing is embedded that was not looked at.
type lateLooker struct {
	ready   chan struct{} // closed when service is set
	service *memory.Service
}

func (l *lateLooker) is(s *memory.Service) {
	l.service = s
	close(l.ready)
}

func (l *lateLooker) Looks(ctx context.Context) (string, error) {
	select {
	case <-l.ready:
		return l.service.Looks(ctx)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (l *lateLooker) LookAgain(ctx context.Context, id memory.ID, version int, vector []float32, space string) (bool, error) {
	return l.service.LookAgain(ctx, id, version, vector, space)
}

// holds reports whether nothing may leave of a memory that waits for its embedding.
func (s *stack) holds() bool {
	looks, err := s.service.Looks(context.Background())
	return err != nil || looks != ""
}
