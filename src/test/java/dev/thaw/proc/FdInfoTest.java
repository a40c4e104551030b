package dev.thaw.proc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The forms of fdinfo, as Linux 6.18 writes them. */
class FdInfoTest {

  @Test
  void timerfdShowsTicksAndTimes() {
    TimerFdInfo info =
        TimerFdInfo.parse(
            ProcText.lines(
                "pos:\t0\nflags:\t02\nmnt_id:\t17\nino:\t1038\nclockid: 1\nticks: 3\n"
                    + "settime flags: 01\nit_value: (4, 999970683)\nit_interval: (1, 0)\n"));

    assertEquals(new TimerFdInfo(1, 3, 1, 4_999_970_683L, 1_000_000_000L), info);
  }

  @Test
  void epollKeepsAllBitsOfEventsAndData() {
    String tfd =
        ProcText.lines(
                "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1038\n"
                    + "tfd:        7 events:       19 data:     7fe400000007  pos:0 ino:40e sdev:10\n"
                    + "tfd:        3 events: c0000019 data: ffffffffffffffff  pos:0 ino:40e sdev:10\n")
            .get("tfd");

    assertEquals(
        List.of(new EpollInfo(7, 0x19, 0x7fe400000007L), new EpollInfo(3, 0xc0000019L, -1L)),
        EpollInfo.parse(tfd));
  }

  @Test
  void anEpollWithoutFilesWatchesNothing() {
    assertEquals(List.of(), EpollInfo.parse(null));
  }

  @Test
  void inotifyShowsHandlesByWhichFilesAreFound() {
    String lines =
        ProcText.lines(
                "pos:\t0\nflags:\t00\nmnt_id:\t17\nino:\t1038\n"
                    + "inotify wd:2 ino:13 sdev:fe00000 mask:3c0 ignored_mask:0 fhandle-bytes:8"
                    + " fhandle-type:1 f_handle:1300000000000000\n"
                    + "inotify wd:a ino:20c0df sdev:fe00001 mask:800003c0 ignored_mask:0"
                    + " fhandle-bytes:8 fhandle-type:1 f_handle:dfc02000c58b4ad5\n")
            .get("inotify wd");
    // ProcText.lines() ends a name at the colon: the values begin with the number.
    List<InotifyInfo> watches = InotifyInfo.parse(lines);

    assertEquals(List.of(2, 10), watches.stream().map(InotifyInfo::descriptor).toList());
    assertEquals(0x20c0df, watches.get(1).inode());
    assertEquals(254, watches.get(1).major());
    assertEquals(1, watches.get(1).minor());
    assertEquals(0x800003c0L, watches.get(1).mask());
    assertArrayEquals(HexFormat.of().parseHex("dfc02000c58b4ad5"), watches.get(1).handle());
  }

  @Test
  void linesOfAnotherFormAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> EpollInfo.parse("3 what"));
    assertThrows(IllegalArgumentException.class, () -> InotifyInfo.parse("1 what"));
  }

  @Test
  void mountPointsAreUnescaped() {
    assertEquals(
        List.of(new MountInfo(254, 0, "/", "/"), new MountInfo(0, 26, "/a", "/mnt/with space")),
        MountInfo.parse(
            "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
                + "30 27 0:26 /a /mnt/with\\040space rw - tmpfs tmpfs rw\n"));
  }
}
