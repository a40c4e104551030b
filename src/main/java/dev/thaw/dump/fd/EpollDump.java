package dev.thaw.dump.fd;

import dev.thaw.image.Addr;
import dev.thaw.image.OpenFile;
import dev.thaw.image.file.Epoll;
import dev.thaw.image.file.Epoll.Interest;
import dev.thaw.linux.Kcmp;
import dev.thaw.proc.EpollInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@link Epoll}: fdinfo names the watched numbers, kcmp(2) tells in which process a number still
 * stands for the file that is watched.
 */
public final class EpollDump implements FileDump {
  @Override
  public boolean claims(OpenedFile file) {
    return file.link().equals("anon_inode:[eventpoll]");
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    List<Interest> interests = new ArrayList<>();
    Map<Integer, Integer> occurrences = new HashMap<>();
    for (EpollInfo watched : EpollInfo.parse(file.fdinfo().get("tfd"))) {
      int occurrence = occurrences.merge(watched.number(), 1, Integer::sum) - 1;
      interests.add(interest(tree.entry(id), watched, occurrence, tree));
    }
    return new Epoll(id, file.flags(), interests);
  }

  private static Interest interest(
      OpenedFiles.Entry epoll, EpollInfo watched, int occurrence, OpenedFiles tree)
      throws IOException {
    OpenedFile file = epoll.file();
    for (OpenedFiles.Holder holder : epoll.holders()) {
      Optional<OpenedFiles.Entry> target = tree.at(holder.pid(), watched.number());
      if (target.isPresent()
          && Kcmp.watches(
              holder.pid(),
              watched.number(),
              file.proc().pid(),
              file.number(),
              watched.number(),
              occurrence)) {
        return new Interest(
            holder.pid(),
            watched.number(),
            target.get().id(),
            watched.events(),
            Addr.of(watched.data()));
      }
    }
    throw file.unsupported(
        "it watches a file that was fd "
            + watched.number()
            + " and is open under another number or elsewhere only; remove it from the epoll first");
  }
}
