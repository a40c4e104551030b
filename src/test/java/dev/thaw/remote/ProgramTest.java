package dev.thaw.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.thaw.linux.Errno;
import dev.thaw.remote.Program.Success;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgramTest {

  private static String call(long nr, Object... args) {
    Program.Builder builder = Program.builder("p");
    builder.call(nr, args);
    Program program = builder.build();
    return ProgramText.call(program, program.ops().get(0));
  }

  @Test
  void callsPrintAsStraceWouldPrintThem() {
    assertEquals(
        "mmap(0x7f0000000000, 2097152, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, 7, 0)",
        call(Syscalls.MMAP, 0x7f0000000000L, 0x200000, 3, 0x12, 7, 0));
    assertEquals("mprotect(0x10000, 4096, PROT_NONE)", call(Syscalls.MPROTECT, 0x10000, 4096, 0));
    assertEquals("close(7)", call(Syscalls.CLOSE, 7));
    assertEquals(
        "openat(3, NULL, O_RDWR|O_APPEND|O_CLOEXEC)",
        call(Syscalls.OPENAT, 3, 0, 2 | 02000 | 02000000));
    assertEquals("openat(3, NULL, O_RDONLY|O_CLOEXEC)", call(Syscalls.OPENAT, 3, 0, 02000000));
    assertEquals("umask(022)", call(Syscalls.UMASK, 022));
    assertEquals("ioctl(5, UFFDIO_REGISTER, NULL)", call(Syscalls.IOCTL, 5, 0xc020aa00L, 0));
    assertEquals("prctl(PR_SET_NAME, 1)", call(Syscalls.PRCTL, 15, 1));
    assertEquals("syscall_9999(1)", call(9999, 1));
  }

  @Test
  void programsInOrderAreOneWithTheirReferencesKept() {
    Program.Builder first = Program.builder("first");
    first.data(new byte[] {1, 2, 3});
    first.call(Syscalls.GETPID);
    Program.Builder second = Program.builder("second");
    Program.Data pair = second.data(bytes(7, 0));
    second.pointer(pair.plus(8), pair);
    Program.Result opened = second.call(Syscalls.SOCKETPAIR, 1, 5, 0, pair);
    second.note("the other end").call(Syscalls.DUP3, pair.word32(4), opened, pair.word64(8));
    Program joined = Program.inOrder(List.of(first.build(), second.build()));
    assertEquals("first", joined.name());
    assertEquals(3, joined.ops().size());
    assertEquals(new Program.Data(8), joined.ops().get(1).args().get(3));
    assertEquals(
        List.of(new Program.Word32(12), new Program.Result(1), new Program.Word64(16)),
        joined.ops().get(2).args());
    assertEquals("the other end", joined.ops().get(2).note());
    assertEquals(List.of(new Program.Pointer(16, 8)), joined.pointers());
    assertEquals(3 * BlobLayout.OP_BYTES + 24, joined.bytes());
    assertEquals(7, joined.dataAt(8, 1)[0]);
  }

  @Test
  void structuresPrintWithTheNamesOfTheirFields() {
    Program.Builder builder = Program.builder("p");
    Program.Data pid = builder.data(bytes(4242));
    Program.Data args = builder.data(bytes(0x100, 0, 0, 0, 17, 0, 0, 0, 0, 1, 0));
    builder.pointer(args.plus(64), pid);
    builder.callOk(Success.exactly(4242), Syscalls.CLONE3, args, 88);
    builder.call(Syscalls.PRLIMIT64, 0, 7, builder.data(bytes(1024, -1)), 0);
    Program.Data range = builder.data(bytes(0x7f0000000000L, 4096, 5, 0));
    builder.call(Syscalls.IOCTL, 3, 0xc020aa00L, range);
    builder.call(Syscalls.IOCTL, 3, 0x5421, range);
    builder.call(Syscalls.PRLIMIT64, 0, 7, range.plus(24), 0);
    assertEquals(
        String.join(
            "\n",
            "# p",
            "   0  clone3({flags=CLONE_VM, exit_signal=SIGCHLD, set_tid=[4242], set_tid_size=1}, 88)"
                + " = 4242",
            "   1  prlimit64(0, 7, {rlim_cur=1024, rlim_max=-1}, 0)",
            "   2  ioctl(3, UFFDIO_REGISTER, {start=0x7f0000000000, len=4096, mode=5})",
            "   3  ioctl(3, FIONBIO, data+112)",
            "   4  prlimit64(0, 7, data+136, 0)",
            ""),
        builder.build().toString());
  }

  private static byte[] bytes(long... words) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long word : words) {
      bytes.putLong(word);
    }
    return bytes.array();
  }

  @Test
  void aProgramPrintsNotesResultsAndWhatCountsAsSuccess() {
    Program.Builder builder = Program.builder("descriptors of 42");
    Program.Data pair = builder.zeroed(8);
    builder.note("fd 7: pipe").call(Syscalls.PIPE2, pair, 0);
    Program.Result copy = builder.call(Syscalls.DUP, pair.word32(4));
    builder.callOk(Success.exactly(7), Syscalls.DUP3, copy, 7, 02000000);
    builder.callOk(Success.orErrno(Errno.ENOENT), Syscalls.CHDIR, builder.cstring("/srv"));
    assertEquals(
        String.join(
            "\n",
            "# descriptors of 42",
            "   0  pipe2(data+0, 0)    # fd 7: pipe",
            "   1  dup(*(int*)data+4)",
            "   2  dup3($1, 7, O_CLOEXEC) = 7",
            "   3  chdir(\"/srv\") or [ENOENT]",
            ""),
        builder.build().toString());
  }

  @Test
  void dataIsEightAlignedAndFollowsTheCalls() {
    Program.Builder builder = Program.builder("p");
    Program.Data first = builder.cstring("abc");
    Program.Data second = builder.zeroed(3);
    Program.Data third = builder.data(new byte[] {1});
    builder.call(Syscalls.WRITE, 1, first, 3);
    Program program = builder.build();
    assertEquals(0, first.offset());
    assertEquals(8, second.offset());
    assertEquals(16, third.offset());
    byte[] code = ProgramCode.encode(program, 0x10000);
    assertEquals(BlobLayout.OP_BYTES + 17, code.length);
    assertEquals('a', code[BlobLayout.OP_BYTES]);
    assertEquals(1, code[code.length - 1]);
  }

  @Test
  void operationsAreEncodedAsTheBlobReadsThem() {
    Program.Builder builder = Program.builder("p");
    Program.Data data = builder.zeroed(16);
    builder.call(Syscalls.GETPID);
    builder.callOk(
        Success.orErrno(Errno.EEXIST, Errno.EBUSY),
        Syscalls.OPENAT,
        -100,
        data,
        new Program.Result(0),
        data.word32(4),
        data.word64(8));
    ByteBuffer op =
        ByteBuffer.wrap(ProgramCode.encode(builder.build(), 0))
            .position(BlobLayout.OP_BYTES)
            .slice()
            .order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(Syscalls.OPENAT, op.getInt(0));
    assertEquals(3, op.get(BlobLayout.OP_SUCCESS));
    assertEquals(17 | 16 << 16, op.getLong(BlobLayout.OP_EXPECTED));
    long[] values = {-100, 0, 0, 4, 8, 0};
    for (int i = 0; i < 6; i++) {
      assertEquals(i == 5 ? 0 : i, op.get(BlobLayout.OP_KIND + i));
      assertEquals(values[i], op.getLong(BlobLayout.OP_ARG + 8 * i));
    }
  }

  @Test
  void wrongProgramsAreRefused() {
    Program.Builder builder = Program.builder("p");
    assertThrows(
        IllegalArgumentException.class, () -> builder.call(Syscalls.CLOSE, new Program.Result(0)));
    assertThrows(
        IllegalArgumentException.class, () -> builder.call(Syscalls.CLOSE, new Program.Word32(0)));
    assertThrows(IllegalArgumentException.class, () -> builder.call(Syscalls.CLOSE, "seven"));
    assertThrows(
        IllegalArgumentException.class, () -> builder.call(Syscalls.CLOSE, 1, 2, 3, 4, 5, 6, 7));
  }

  @Test
  void theBlobWasBuiltFromTheLayoutThatJavaKnows() throws IOException {
    byte[] code = Files.readAllBytes(Path.of(System.getProperty("thaw.native"), "blob.bin"));
    assertEquals(BlobLayout.ANCHOR_BYTES, Blob.of(code).anchorCode().length);
    code[12]++;
    assertThrows(IllegalStateException.class, () -> Blob.of(code));
  }

  @Test
  void anInterruptedCallIsMadeAgainAsTheKernelMakesIt() {
    Registers sleeping =
        Registers.of(new long[27])
            .with(Reg.RAX, -Registers.ERESTART_RESTARTBLOCK)
            .with(Reg.ORIG_RAX, Syscalls.NANOSLEEP)
            .with(Reg.RIP, 0x1002);
    assertEquals(Syscalls.RESTART_SYSCALL, sleeping.restarted().get(Reg.RAX));
    assertEquals(0x1000, sleeping.restarted().get(Reg.RIP));
    assertEquals(-4, sleeping.interruptedByHandler().get(Reg.RAX));
    Registers reading =
        sleeping.with(Reg.RAX, -Registers.ERESTARTSYS).with(Reg.ORIG_RAX, Syscalls.READ);
    assertEquals(Syscalls.READ, reading.restarted().get(Reg.RAX));
    Registers computing = sleeping.with(Reg.ORIG_RAX, -1);
    assertEquals(computing, computing.restarted());
    Registers waiting =
        sleeping.with(Reg.RAX, -4).with(Reg.ORIG_RAX, Syscalls.EPOLL_WAIT).with(Reg.R10, -1);
    assertEquals(0x1000, InterruptedCalls.madeAgain(waiting).get(Reg.RIP));
    assertEquals(true, InterruptedCalls.canBeMadeAgain(waiting));
    assertEquals(false, InterruptedCalls.canBeMadeAgain(waiting.with(Reg.R10, 1000)));
  }
}
