package dev.thaw.cli;

import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code USR1}, {@code SIGUSR1} or {@code 10}. */
final class SignalConverter implements ITypeConverter<Integer> {
  private static final int LAST = 64;

  /** signal(7), x86-64: those that a program may want to hear. */
  private static final Map<String, Integer> NUMBERS =
      Map.of(
          "HUP", 1, "INT", 2, "QUIT", 3, "USR1", 10, "USR2", 12, "ALRM", 14, "TERM", 15, "CONT", 18,
          "URG", 23, "WINCH", 28);

  @Override
  public Integer convert(String value) {
    String name = value.toUpperCase(Locale.ROOT).replaceFirst("^SIG", "");
    Integer number = NUMBERS.get(name);
    if (number == null && name.matches("\\d{1,2}")) {
      number = Integer.parseInt(name);
    }
    if (number == null || number < 1 || number > LAST) {
      throw new TypeConversionException("'" + value + "' is no signal");
    }
    return number;
  }
}
