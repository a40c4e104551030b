package dev.thaw.proc;

import java.util.ArrayList;
import java.util.List;

/**
 * /proc/PID/stat (proc_pid_stat(5)): a task's state and the fields of its mm.
 *
 * @param fields all fields by number, 1 based as in the manual; 0 and 2 are unused
 */
public record ProcStat(int pid, String name, char state, List<Long> fields) {

  /** Parses one line. The name may hold spaces and parentheses, so it ends at the last one. */
  public static ProcStat parse(String line) {
    int open = line.indexOf('(');
    int close = line.lastIndexOf(')');
    String[] rest = line.substring(close + 2).trim().split(" ");
    List<Long> fields = new ArrayList<>();
    fields.add(0L);
    fields.add(Long.parseLong(line.substring(0, open).trim()));
    fields.add(0L);
    fields.add(0L);
    for (int i = 1; i < rest.length; i++) {
      // Addresses exceed 2^63 only for kernel values; signed fields are negative now and then.
      fields.add(
          rest[i].startsWith("-") ? Long.parseLong(rest[i]) : Long.parseUnsignedLong(rest[i]));
    }
    return new ProcStat(
        fields.get(1).intValue(), line.substring(open + 1, close), rest[0].charAt(0), fields);
  }

  /** Field {@code number} as in proc_pid_stat(5). */
  public long field(int number) {
    return fields.get(number);
  }

  /** Parent. */
  public int ppid() {
    return (int) field(4);
  }

  /** Process group. */
  public int pgid() {
    return (int) field(5);
  }

  /** Session. */
  public int sid() {
    return (int) field(6);
  }

  /** Exited, waiting for its parent. */
  public boolean zombie() {
    return state == 'Z';
  }

  /** PF_KTHREAD is set: a kernel thread. */
  public boolean kernelThread() {
    return (field(9) & 0x00200000) != 0;
  }

  /** The nice value. */
  public int nice() {
    return (int) field(19);
  }

  /** Exit status as wait(2) gives it; root only. */
  public int exitCode() {
    return (int) field(52);
  }
}
