package dev.thaw.pager;

import dev.thaw.image.stats.TreeStats;
import dev.thaw.linux.EventFd;
import dev.thaw.linux.Fd;
import dev.thaw.linux.Memfd;
import dev.thaw.store.PageSource;
import dev.thaw.store.WorkingSet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;

/**
 * The memory of one restored tree, as the JVM sees it: makes the memfds, tells thaw-pager what is
 * mapped where, and fills.
 *
 * <pre>
 *   addBacking*  fillNow*  addSpace*  start  (the tree runs)  fillAll  close
 * </pre>
 *
 * <p>thaw-pager answers the faults; it asks here only for pages that are not filled yet. When
 * everything is filled this JVM may go. When it dies before, thaw-init starts another, which goes
 * on with {@link #resume}. Thread safe from {@link #start} on; before, one thread.
 */
public final class PagerSession implements AutoCloseable {
  /** Length of a private memfd: as far as file offsets go. */
  private static final long PRIVATE_BYTES = Long.MAX_VALUE & -Memfd.PAGE_BYTES;

  private final InitConnection init;
  private final int initPid;
  private final PageSource source;
  private final boolean resumed;
  private Boolean treePays; // null: nothing was filled here yet
  private final SessionTable table;
  private final EventFd requestBell;
  private final EventFd pagerBell;
  private boolean complete = true; // no backing has pages to fill
  private final List<Backing> backings = new ArrayList<>();
  private Filler filler;
  private FrameMap map;
  private FillRequests requests;
  private Prefault prefault;
  private Recorder recorder;
  private Recorder.Plan recordingPlan;
  private PageNames recordingNames;

  private record Backing(
      Memfd memfd, boolean shared, List<SessionTable.IndexedSlot> slots, List<Extent> content) {}

  private PagerSession(InitConnection init, PageSource source, boolean resumed) throws IOException {
    this.init = init;
    this.source = source;
    this.resumed = resumed;
    InitConnection.Reply hello = init.hello();
    initPid = (int) hello.args()[0];
    try (Fd session = hello.fds().get(0);
        Fd pages = hello.fds().get(1)) {
      table = new SessionTable(session, pages);
    }
    requestBell = EventFd.of(hello.fds().get(2));
    pagerBell = EventFd.of(hello.fds().get(3));
  }

  /**
   * Begins a restore.
   *
   * @param source where the pages come from; stays the caller's, open until this is closed
   */
  public static PagerSession create(InitConnection init, PageSource source) throws IOException {
    PagerSession session = new PagerSession(init, source, false);
    if (session.table.get(Tables.BACKING_COUNT) != 0) {
      throw new IllegalStateException("thaw-init has a session already: resume it");
    }
    return session;
  }

  /**
   * Takes over from a JVM that died while its tree ran: filling goes on, nothing else is to be
   * done.
   */
  public static PagerSession resume(InitConnection init, PageSource source) throws IOException {
    PagerSession session = new PagerSession(init, source, true);
    session.complete = false;
    int count = session.table.get(Tables.BACKING_COUNT);
    for (int i = 0; i < count; i++) {
      SessionTable.Backing b = session.table.backing(i);
      Memfd memfd = Memfd.of(init.descriptor(b.fd()));
      try (Fd extents = init.descriptor(b.extentsFd())) {
        session.backings.add(
            new Backing(
                memfd,
                b.shared(),
                session.table.slots(b),
                SessionTable.readExtents(extents, b.extentCount())));
      }
    }
    session.serve();
    return session;
  }

  /** Makes the memfd; returns the number of the backing. */
  public int addBacking(BackingSpec spec) throws IOException {
    complete = false;
    try (Memfd extents = SessionTable.extentsFile(spec.content())) {
      int marks = Tables.PAGE_HAS_CONTENT;
      List<Extent> ranges = Extent.joined(spec.content());
      return addBacking(spec, emptyMemfd(spec), extents, spec.content().size(), ranges, marks);
    }
  }

  /**
   * Adds memory that is there already: a private backing is the template's own memfd, a shared one
   * a copy, since its pages are written to.
   *
   * @param number of the backing in {@code template}, which stays the caller's
   */
  public int addFilled(FilledMemory template, int number) throws IOException {
    BackingSpec spec = template.spec(number);
    Memfd memfd = spec.shared() ? emptyMemfd(spec) : Memfd.of(template.memfd(number).duplicate());
    int marks = Tables.PAGE_HAS_CONTENT | Tables.PAGE_FILLED;
    int backing =
        addBacking(
            spec,
            memfd,
            template.extents(number),
            template.extentCount(number),
            template.ranges(number),
            marks);
    if (spec.shared()) {
      copy(template.memfd(number), backing, template.ranges(number));
    }
    return backing;
  }

  private void copy(Memfd from, int backing, List<Extent> content) throws IOException {
    if (treePays()) {
      TreePays.makeAll(init, backing, content);
    }
    for (Extent extent : content) {
      from.copyTo(
          memfd(backing),
          extent.firstPage() * Memfd.PAGE_BYTES,
          extent.pageCount() * Memfd.PAGE_BYTES);
    }
  }

  /** As sparse as it gets; a shared one has its exact size in whole pages. */
  static Memfd emptyMemfd(BackingSpec spec) throws IOException {
    long pages = spec.slots().get(0).pageCount();
    return Memfd.create(spec.name(), spec.shared() ? pages * Memfd.PAGE_BYTES : PRIVATE_BYTES);
  }

  /**
   * Adds one.
   *
   * @param ranges the pages of its content, joined; indices go on from one slot to the next
   */
  private int addBacking(
      BackingSpec spec, Memfd memfd, Memfd extents, int extentCount, List<Extent> ranges, int marks)
      throws IOException {
    if (filler != null) {
      throw new IllegalStateException("backings come before filling");
    }
    int backing = table.describeBacking(spec, extentCount);
    init.addBacking(backing, memfd, extents);
    List<SessionTable.IndexedSlot> slots = table.slots(table.backing(backing));
    long pages = mark(slots, ranges, marks);
    table.addLong(Tables.CONTENT_PAGES, pages);
    if ((marks & Tables.PAGE_FILLED) != 0) {
      table.addLong(Tables.FILLED_PAGES, pages);
    }
    backings.add(new Backing(memfd, spec.shared(), slots, spec.content()));
    table.countBacking();
    return backing;
  }

  /** Marks the pages, and returns how many they are. */
  private long mark(List<SessionTable.IndexedSlot> slots, List<Extent> ranges, int marks) {
    long pages = 0;
    int at = 0;
    for (Extent range : ranges) {
      while (slots.get(at).firstPage() + slots.get(at).pageCount() <= range.firstPage()) {
        at++;
      }
      long index = slots.get(at).index() + range.firstPage() - slots.get(at).firstPage();
      table.markFresh(index, range.pageCount(), marks);
      pages += range.pageCount();
    }
    return pages;
  }

  /** Whether what is filled here is for another memory cgroup than this process has. */
  private boolean treePays() {
    if (treePays == null) {
      treePays = TreePays.isNeeded(init);
    }
    return treePays;
  }

  /** The pid of thaw-init, in its own pid namespace: what the restored processes see. */
  public int initPid() {
    return initPid;
  }

  /** The number that thaw-init has for the memfd of a backing. */
  public int numberInInit(int backing) {
    return table.backing(backing).fd();
  }

  /** The memfd of a backing. Stays ours. */
  public Memfd memfd(int backing) {
    return backings.get(backing).memfd();
  }

  /**
   * Fills pages and returns when they are there: for what will be read through a descriptor or an
   * unregistered mapping, past the userfaultfd. A page that cannot be had stays a hole and is an
   * error.
   */
  public void fillNow(int backing, long firstPage, long pageCount) throws IOException {
    begin();
    Set<Integer> frames = new HashSet<>();
    List<CompletableFuture<Void>> waits = new ArrayList<>();
    forEachIndex(
        backing,
        firstPage,
        pageCount,
        index -> {
          int frame = map.frameOf(index);
          if (frame >= 0 && frames.add(frame)) {
            waits.add(filler.demand(frame, false, false));
          }
        });
    for (CompletableFuture<Void> wait : waits) {
      wait.join();
    }
    List<Long> lost = new ArrayList<>();
    forEachIndex(
        backing,
        firstPage,
        pageCount,
        index -> {
          if ((table.page(index) & Tables.PAGE_POISONED) != 0) {
            lost.add(index);
          }
        });
    if (!lost.isEmpty()) {
      throw new IOException(
          lost.size() + " of " + pageCount + " pages of backing " + backing + " cannot be read");
    }
  }

  private interface IndexAction {
    void accept(long index);
  }

  private void forEachIndex(int backing, long firstPage, long pageCount, IndexAction action) {
    for (SessionTable.IndexedSlot slot : backings.get(backing).slots()) {
      long from = Math.max(firstPage, slot.firstPage());
      long to = Math.min(firstPage + pageCount, slot.firstPage() + slot.pageCount());
      for (long page = from; page < to; page++) {
        action.accept(slot.index() + page - slot.firstPage());
      }
    }
  }

  /**
   * Adds an address space. Its VMAs are registered already. Faults are answered from {@link #start}
   * on.
   *
   * @param uffd owned from here on, even on failure; the last descriptor of it outside of thaw-init
   */
  public void addSpace(int pid, Fd uffd, List<SpaceVma> vmas) throws IOException {
    addSpace(pid, uffd, vmas, List.of(), false);
  }

  /**
   * Adds an address space.
   *
   * @param marks what is known of its pages already
   * @param drain install all {@link VmaKind#ANON} pages in the background. When they are there and
   *     all shared memory is filled, the userfaultfd is closed, and no pager is behind the process
   *     any more. A space that has {@link VmaKind#PRIVATE} content keeps it.
   */
  public void addSpace(int pid, Fd uffd, List<SpaceVma> vmas, List<SpaceMark> marks, boolean drain)
      throws IOException {
    List<SpaceTable.IndexedVma> indexed =
        SpaceTable.indexed(vmas, backing -> backings.get(backing).slots());
    boolean kept = false;
    Memfd space = null;
    try {
      space = SpaceTable.create(indexed);
      SpaceTable.mark(space, marks, backing -> backings.get(backing).slots());
      int number = init.addSpace(pid, drain ? Tables.SPACE_FLAG_DRAIN : 0, uffd, space);
      if (prefault != null) {
        prefault.add(number, uffd, space, indexed);
        kept = true;
      }
    } finally {
      if (!kept) {
        uffd.close();
        if (space != null) {
          space.close();
        }
      }
    }
  }

  /**
   * Begins to fill these pages ahead of all others; {@link #start} installs them. After the last
   * backing, before the first space.
   *
   * @param places of all pages that the pager serves
   */
  public void prefault(List<PagePlace> places, WorkingSet workingSet) {
    PageNames names = names(places);
    long[] indices = indices(names, workingSet.pages());
    long[] zeros = indices(names, workingSet.zeros());
    prefault =
        new Prefault(
            table, LongStream.concat(LongStream.of(indices), LongStream.of(zeros)).toArray());
    if (!complete) {
      begin();
      prefault.fill(map, filler, indices);
    }
  }

  private static long[] indices(PageNames names, List<WorkingSet.Page> pages) {
    return pages.stream()
        .mapToLong(page -> names.indexOf(page.pagemap(), page.number()))
        .filter(index -> index >= 0)
        .toArray();
  }

  /**
   * From {@link #start} on, records what is touched. Fault-around is off until the recording ends,
   * and anonymous memory is not drained.
   *
   * @param places of all pages that the pager serves
   */
  public Recorder record(List<PagePlace> places, Recorder.Plan plan) throws IOException {
    recordingNames = names(places);
    recordingPlan = plan;
    return recorder();
  }

  /** The recording of this tree, if there is one. */
  public Recorder recorder() throws IOException {
    if (recorder == null) {
      recorder = new Recorder(init.descriptor(table.get(Tables.TOUCHES_FD)), this::stats);
    }
    return recorder;
  }

  private PageNames names(List<PagePlace> places) {
    List<PageNames.Range> ranges = new ArrayList<>();
    for (PagePlace place : places) {
      long end = place.firstBackingPage() + place.pageCount();
      for (SessionTable.IndexedSlot slot : backings.get(place.backing()).slots()) {
        long from = Math.max(place.firstBackingPage(), slot.firstPage());
        long to = Math.min(end, slot.firstPage() + slot.pageCount());
        if (from < to) {
          ranges.add(
              new PageNames.Range(
                  place.pagemap(),
                  place.firstPage() + from - place.firstBackingPage(),
                  to - from,
                  slot.index() + from - slot.firstPage()));
        }
      }
    }
    return new PageNames(ranges);
  }

  /** thaw-pager serves from here on. Before the tree runs. */
  public void start() throws IOException {
    if (prefault != null) {
      prefault.install(backing -> backings.get(backing).memfd());
      prefault.close();
    }
    if (recordingPlan != null) {
      recorder.begin(recordingPlan, recordingNames);
    }
    if (complete) {
      table.set(Tables.FILL_DONE, 1);
      init.start();
    } else {
      init.start();
      serve();
    }
  }

  private void serve() {
    begin();
    table.newFiller();
    requests = new FillRequests(init, table, map, filler, requestBell);
  }

  private void begin() {
    if (filler != null) {
      return;
    }
    List<FrameMap.Content> contents = new ArrayList<>();
    for (int i = 0; i < backings.size(); i++) {
      Backing b = backings.get(i);
      FrameMap.Target target = new FrameMap.Target(i, b.memfd(), b.shared());
      contents.add(new FrameMap.Content(target, b.slots(), b.content()));
    }
    map = new FrameMap(source.framePages(), source.frameCount(), contents);
    Optional<TreePays> pays = treePays() ? Optional.of(new TreePays(init, map)) : Optional.empty();
    int threads = Runtime.getRuntime().availableProcessors();
    filler = new Filler(source, table, map, pays, threads, resumed);
  }

  /**
   * Fills everything in the background, on all cores; what a thread waits for goes first. Ends with
   * the tree: for one that is gone nothing is filled.
   *
   * @return done when nothing of the source is needed any more
   */
  public CompletableFuture<Void> fillAll() {
    if (complete) {
      pagerBell.ring();
      return CompletableFuture.completedFuture(null);
    }
    begin();
    return filler.fillAll(init::isConnected).thenRun(pagerBell::ring);
  }

  /** The pid of thaw-pager. */
  public int pagerPid() {
    return table.get(Tables.PAGER_PID);
  }

  /**
   * Sets the fault-around window.
   *
   * @param pages around a fault, a power of two; 1 for none
   * @param maxPages bound of the window of sequential access
   */
  public void setFaultAround(int pages, int maxPages) {
    if (Integer.bitCount(pages) != 1 || maxPages < pages) {
      throw new IllegalArgumentException("window of " + pages + " up to " + maxPages + " pages");
    }
    table.set(Tables.AROUND_PAGES, pages);
    table.set(Tables.AROUND_MAX_PAGES, maxPages);
  }

  /**
   * Whether every process of the tree has all its memory for itself: the userfaultfds are closed,
   * thaw-pager and the memfds of thaw-init are gone.
   */
  public boolean hasRetired() {
    return table.get(Tables.SERVING) == Tables.SERVING_RETIRED;
  }

  /** The counters of now. */
  public TreeStats stats() {
    return StatsReader.read(table, initPid);
  }

  /** All counters by name, for tests and diagnosis. */
  long total(Tables.Counter counter) {
    return table.total(counter);
  }

  /** Stops filling. thaw-pager goes on. */
  @Override
  public void close() {
    if (requests != null) {
      requests.end();
    }
    if (filler != null) {
      filler.close();
    }
    if (requests != null) {
      requests.close();
    }
    if (prefault != null) {
      prefault.close();
    }
    if (recorder != null) {
      recorder.close();
    }
    backings.forEach(b -> b.memfd().close());
    requestBell.close();
    pagerBell.close();
  }
}
