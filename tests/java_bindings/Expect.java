// What the checks of InProcess expect.
import static org.bytedeco.tritonserver.global.tritonserver.*;

import org.bytedeco.tritonserver.tritonserver.TRITONSERVER_Error;

final class Expect {
  interface Check {
    void run() throws Exception;
  }

  static void must(TRITONSERVER_Error error) {
    if (error != null) {
      String text = TRITONSERVER_ErrorCodeString(error) + ": " + TRITONSERVER_ErrorMessage(error);
      TRITONSERVER_ErrorDelete(error);
      throw new IllegalStateException(text);
    }
  }

  static void refused(String text, Check check) {
    try {
      check.run();
    } catch (Exception refusal) {
      contains(text, String.valueOf(refusal.getMessage()));
      return;
    }
    throw new AssertionError("expected a refusal with '" + text + "'");
  }

  static void equal(Object expected, Object got) {
    isTrue(expected.equals(got), "expected " + expected + ", got " + got);
  }

  static void contains(String part, String text) {
    isTrue(text.contains(part), "expected '" + part + "' in: " + text);
  }

  static void isTrue(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }
}
