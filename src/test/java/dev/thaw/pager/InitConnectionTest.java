package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.thaw.linux.UnixSocket;
import dev.thaw.linux.UnixSocket.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests to a thaw-init that is killed with one in hand: this test is the other end. */
@Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InitConnectionTest {
  private static final int WAIT_STATUS = 4711;

  private static long numberOf(Message request) {
    return ByteBuffer.wrap(request.bytes())
        .order(ByteOrder.nativeOrder())
        .getLong(InitConnection.NUMBER_AT);
  }

  /** As if {@code pid} had been reaped, with {@code pid} for its status. */
  private static void answer(UnixSocket socket, Message request) throws Exception {
    ByteBuffer reply = ByteBuffer.wrap(request.bytes().clone()).order(ByteOrder.nativeOrder());
    long pid = reply.getLong(16);
    reply.putLong(16, 1).putLong(24, pid);
    socket.send(reply.array(), List.of());
  }

  @Test
  void aRequestThatDiedWithThawInitIsRepeatedAndItsSecondAnswerIsNotTheNextOnes() throws Exception {
    UnixSocket[] pair = UnixSocket.pair();
    try (UnixSocket theirs = pair[1];
        InitConnection init = new InitConnection(pair[0])) {
      CompletableFuture<Integer> first = asked(init, WAIT_STATUS);
      theirs.receive(InitConnection.HEADER_BYTES); // and is killed
      Message again = theirs.receive(InitConnection.HEADER_BYTES);
      Message onceMore = theirs.receive(InitConnection.HEADER_BYTES);
      assertEquals(numberOf(again), numberOf(onceMore));
      answer(theirs, again);
      assertEquals(WAIT_STATUS, first.get());
      answer(theirs, onceMore); // late: of a request that has its answer
      CompletableFuture<Integer> second = asked(init, WAIT_STATUS + 1);
      answer(theirs, theirs.receive(InitConnection.HEADER_BYTES));
      assertEquals(WAIT_STATUS + 1, second.get());
    }
  }

  private static CompletableFuture<Integer> asked(InitConnection init, int pid) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return init.reapedStatus(pid);
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
  }
}
