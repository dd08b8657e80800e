// Asks a server in each way that the client for Java has: EveryMethod <host:port> [<name of a check>...]. Each check prints a line.
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import triton.client.InferInput;
import triton.client.InferRequestedOutput;
import triton.client.InferResult;
import triton.client.InferenceException;
import triton.client.InferenceServerClient;
import triton.client.InferenceServerClient.HttpConfig;
import triton.client.InferenceServerClient.InferArguments;
import triton.client.endpoint.AbstractEndpoint;
import triton.client.endpoint.FixedEndpoint;
import triton.client.pojo.DataType;

public class EveryMethod {
  private interface Check {
    void run(InferenceServerClient client) throws Exception;
  }

  private interface Body {
    void run() throws Exception;
  }

  private static String address;

  public static void main(String[] arguments) throws Exception {
    address = arguments[0];
    check("datatypes", EveryMethod::datatypes);
    check("texts", EveryMethod::texts);
    check("copies", EveryMethod::copies);
    check("outputs", EveryMethod::outputs);
    check("classes", EveryMethod::classes);
    check("arguments", EveryMethod::arguments);
    check("sequences", EveryMethod::sequences);
    check("errors", EveryMethod::errors);
    check("wrong inputs", client -> wrongInputs());
    check("endpoints", client -> endpoints());
    check("attempts", client -> attempts());
    check("timeouts", client -> timeouts());
    check("limits", client -> limits());
    check("threads", EveryMethod::threads);
    check("connections", client -> connections());
  }

  private static void check(String name, Check check) throws Exception {
    try (InferenceServerClient client = new InferenceServerClient(address, 5000, 20000)) {
      check.run(client);
    }
    System.out.println("passed: " + name);
  }

  private static void equal(Object expected, Object got) {
    if (!Arrays.deepEquals(new Object[] {expected}, new Object[] {got})) {
      throw new AssertionError(
          "expected " + Arrays.deepToString(new Object[] {expected}) + ", got " + Arrays.deepToString(new Object[] {got}));
    }
  }

  private static Throwable thrown(Class<? extends Throwable> kind, String text, Body body) {
    try {
      body.run();
    } catch (Throwable failure) {
      if (kind.isInstance(failure) && String.valueOf(failure.getMessage()).contains(text)) {
        return failure;
      }
      throw new AssertionError("expected " + kind.getSimpleName() + " with '" + text + "', got " + failure, failure);
    }
    throw new AssertionError("expected " + kind.getSimpleName() + " with '" + text + "', nothing was thrown");
  }

  private static InferInput input(DataType datatype, Object data, boolean isBinary, long... shape) {
    InferInput input = new InferInput("INPUT0", shape, datatype);
    if (data instanceof boolean[]) {
      input.setData((boolean[]) data, isBinary);
    } else if (data instanceof byte[]) {
      input.setData((byte[]) data, isBinary);
    } else if (data instanceof short[]) {
      input.setData((short[]) data, isBinary);
    } else if (data instanceof int[]) {
      input.setData((int[]) data, isBinary);
    } else if (data instanceof long[]) {
      input.setData((long[]) data, isBinary);
    } else if (data instanceof float[]) {
      input.setData((float[]) data, isBinary);
    } else if (data instanceof double[]) {
      input.setData((double[]) data, isBinary);
    } else {
      input.setData((String[]) data, isBinary);
    }
    return input;
  }

  private static Object output(InferResult result, DataType datatype) {
    switch (datatype) {
      case BOOL:
        return result.getOutputAsBool("OUTPUT0");
      case INT8:
      case UINT8:
        return result.getOutputAsByte("OUTPUT0");
      case INT16:
      case UINT16:
      case FP16:
      case BF16:
        return result.getOutputAsShort("OUTPUT0");
      case INT32:
      case UINT32:
        return result.getOutputAsInt("OUTPUT0");
      case INT64:
      case UINT64:
        return result.getOutputAsLong("OUTPUT0");
      case FP32:
        return result.getOutputAsFloat("OUTPUT0");
      case FP64:
        return result.getOutputAsDouble("OUTPUT0");
      default:
        return result.getOutputAsString("OUTPUT0");
    }
  }

  // With the largest and smallest numbers, which for unsigned types are those with the first bit.
  private static Object extremes(DataType datatype) {
    switch (datatype) {
      case BOOL:
        return new boolean[] {true, false, true};
      case INT8:
      case UINT8:
        return new byte[] {Byte.MIN_VALUE, -1, Byte.MAX_VALUE};
      case INT16:
      case UINT16:
        return new short[] {Short.MIN_VALUE, -1, Short.MAX_VALUE};
      case FP16:
      case BF16:
        return new short[] {0x3C00, (short) 0xBC00, 0};
      case INT32:
      case UINT32:
        return new int[] {Integer.MIN_VALUE, -1, Integer.MAX_VALUE};
      case INT64:
      case UINT64:
        return new long[] {Long.MIN_VALUE, -1, Long.MAX_VALUE};
      case FP32:
        return new float[] {Float.MIN_NORMAL, -1.5f, Float.MAX_VALUE};
      case FP64:
        return new double[] {Double.MIN_NORMAL, -1.5, Double.MAX_VALUE};
      default:
        return new String[] {"", "grüße", "a\"b\\c\n"};
    }
  }

  private static void datatypes(InferenceServerClient client) throws Exception {
    for (DataType datatype : DataType.values()) {
      boolean isJson = datatype != DataType.FP16 && datatype != DataType.BF16;
      Object data = extremes(datatype);
      for (boolean in : isJson ? new boolean[] {true, false} : new boolean[] {true}) {
        for (boolean out : isJson ? new boolean[] {true, false} : new boolean[] {true}) {
          InferResult result = client.infer("of_" + datatype.name().toLowerCase(), List.of(input(datatype, data, in, 1, 3)),
              List.of(new InferRequestedOutput("OUTPUT0", out)));
          equal(datatype, result.getOutput("OUTPUT0").getDatatype());
          equal(new long[] {1, 3}, result.getOutput("OUTPUT0").getShape());
          equal(out, result.getOutput("OUTPUT0").getParameters().containsKey("binary_data_size"));
          equal(data, output(result, datatype));
        }
      }
    }
  }

  private static void texts(InferenceServerClient client) throws Exception {
    InferInput left = new InferInput("INPUT0", new long[] {1, 16}, DataType.BYTES);
    InferInput right = new InferInput("INPUT1", new long[] {1, 16}, DataType.BYTES);
    String[] numbers = new String[16];
    Arrays.setAll(numbers, Integer::toString);
    left.setData(numbers, true);
    right.setData(numbers, false);
    InferResult result = client.infer("simple_string", List.of(left, right), List.of());
    equal("14", result.getOutputAsString("OUTPUT0")[7]);
    equal("0", result.getOutputAsString("OUTPUT1")[7]);
  }

  // What an array gets after it was set is not in the request.
  private static void copies(InferenceServerClient client) throws Exception {
    for (boolean isBinary : new boolean[] {true, false}) {
      int[] numbers = {1, 2, 3};
      InferInput input = input(DataType.INT32, numbers, isBinary, 1, 3);
      numbers[0] = 9;
      for (int i = 0; i < 2; i++) {
        equal(new int[] {1, 2, 3}, client.infer("of_int32", List.of(input), List.of()).getOutputAsInt("OUTPUT0"));
      }
      input.setData(numbers, isBinary);
      equal(new int[] {9, 2, 3}, client.infer("of_int32", List.of(input), List.of()).getOutputAsInt("OUTPUT0"));
    }
  }

  private static List<InferInput> simple() {
    int[] ones = new int[16];
    Arrays.fill(ones, 1);
    int[] numbers = new int[16];
    Arrays.setAll(numbers, i -> i);
    InferInput second = new InferInput("INPUT1", new long[] {1, 16}, DataType.INT32);
    second.setData(ones, false);
    return List.of(input(DataType.INT32, numbers, true, 1, 16), second);
  }

  private static void outputs(InferenceServerClient client) throws Exception {
    InferResult all = client.infer("simple", simple(), List.of());
    equal(2, all.getOutputs().size());
    equal(6, all.getOutputAsInt("OUTPUT0")[5]);
    equal(4, all.getOutputAsInt("OUTPUT1")[5]);
    equal(2, client.infer("simple", simple(), null).getOutputs().size());
    InferResult one = client.infer("simple", simple(), List.of(new InferRequestedOutput("OUTPUT1")));
    equal(1, one.getOutputs().size());
    equal(4, one.getOutputAsInt("OUTPUT1")[5]);
    thrown(IllegalArgumentException.class, "there is no output 'OUTPUT0', only [OUTPUT1]", () -> one.getOutputAsInt("OUTPUT0"));
    thrown(IllegalArgumentException.class, "'OUTPUT1' of INT32 is int[], not float[]", () -> one.getOutputAsFloat("OUTPUT1"));
  }

  private static void classes(InferenceServerClient client) throws Exception {
    for (boolean isBinary : new boolean[] {true, false}) {
      InferResult result = client.infer("simple", simple(), List.of(new InferRequestedOutput("OUTPUT0", isBinary, 2)));
      String[] best = result.getOutputAsString("OUTPUT0");
      equal(2, best.length);
      if (!best[0].startsWith("16") || !best[0].endsWith(":15")) {
        throw new AssertionError("expected the value 16 of class 15 first, got " + best[0]);
      }
    }
  }

  private static void arguments(InferenceServerClient client) throws Exception {
    InferArguments call = new InferArguments("simple", simple(), List.of());
    call.setModelVersion("1");
    call.setRequestId("a \"request\"");
    call.setPriority(0);
    call.setTimeout(5_000_000);
    call.setHeader("X-Somebody", "else");
    call.addQueryParam("a b", "c&d");
    InferResult result = client.infer(call);
    equal("simple", result.getModelName());
    equal("1", result.getModelVersion());
    equal("a \"request\"", result.getId());
    equal("", client.infer("simple", simple(), List.of()).getId());
  }

  private static void sequences(InferenceServerClient client) throws Exception {
    int[] sums = new int[3];
    for (int i = 0; i < 3; i++) {
      InferInput next = new InferInput("INPUT", new long[] {1, 1}, DataType.INT32);
      next.setData(new int[] {i + 1}, true);
      InferArguments call = new InferArguments("simple_sequence", List.of(next), List.of());
      call.setSequenceId(1007);
      call.setSequenceStart(i == 0);
      call.setSequenceEnd(i == 2);
      sums[i] = client.infer(call).getOutputAsInt("OUTPUT")[0];
    }
    equal(new int[] {1, 3, 6}, sums);
  }

  private static void errors(InferenceServerClient client) {
    Throwable unknown = thrown(InferenceException.class, "'missing' is not found", () -> client.infer("missing", simple(), List.of()));
    if (((InferenceException) unknown).getStatusCode() < 400) {
      throw new AssertionError("expected an error's status, got " + ((InferenceException) unknown).getStatusCode());
    }
    thrown(InferenceException.class, "INPUT1", () -> client.infer("simple", simple().subList(0, 1), List.of()));
  }

  private static void wrongInputs() {
    thrown(IllegalArgumentException.class, "input 'INPUT0' of FP32: expected float[], got int[]",
        () -> input(DataType.FP32, new int[2], true, 2));
    thrown(IllegalArgumentException.class, "expected 6 elements by its shape, got 5",
        () -> input(DataType.FP32, new float[5], true, 2, 3));
    thrown(IllegalArgumentException.class, "FP16 travels as binary data only", () -> input(DataType.FP16, new short[2], false, 2));
    thrown(IllegalArgumentException.class, "expected 0 classes or more, got -1", () -> new InferRequestedOutput("a", true, -1));
    try (InferenceServerClient client = new InferenceServerClient(address, 5000, 5000)) {
      thrown(IllegalArgumentException.class, "'INPUT0' has no data",
          () -> client.infer("simple", List.of(new InferInput("INPUT0", new long[] {1}, DataType.INT8)), List.of()));
    }
  }

  /** The second server lives. */
  private static class Two extends AbstractEndpoint {
    final AtomicInteger asked = new AtomicInteger();

    @Override
    public String getEndpoint() throws Exception {
      switch (asked.getAndIncrement()) {
        case 0:
          return "127.0.0.1:1";
        case 1:
          throw new IllegalStateException("the registry is away");
        default:
          return "http://" + address + "/";
      }
    }
  }

  private static void endpoints() throws Exception {
    Two endpoint = new Two();
    try (InferenceServerClient client = new InferenceServerClient(endpoint, 2000, 5000)) {
      equal(6, client.infer("simple", simple(), List.of()).getOutputAsInt("OUTPUT0")[5]);
      equal(3, endpoint.asked.get());
    }
    Two again = new Two();
    try (InferenceServerClient client = new InferenceServerClient(again, 2000, 5000)) {
      client.setRetryCnt(2);
      thrown(InferenceException.class, "the registry is away", () -> client.infer("simple", simple(), List.of()));
      equal(2, again.asked.get());
    }
    for (String wrong : new String[] {"two words:8000", "ftp://localhost", ""}) {
      try (InferenceServerClient client = new InferenceServerClient(wrong, 2000, 5000)) {
        thrown(InferenceException.class, " at " + wrong + ": expected the address of a server such as localhost:8000",
            () -> client.infer("simple", simple(), List.of()));
      }
    }
  }

  /** Counts attempts. */
  private static class Counted extends AbstractEndpoint {
    final AtomicInteger asked = new AtomicInteger();
    final String address;

    Counted(String address) {
      this.address = address;
    }

    @Override
    public String getEndpoint() {
      asked.incrementAndGet();
      return address;
    }
  }

  // A request of a sequence that may have come to the model does not come again.
  private static void attempts() {
    for (int sequence : new int[] {0, 1008}) {
      Counted slow = new Counted(address);
      Counted away = new Counted("127.0.0.1:1");
      for (Counted endpoint : List.of(slow, away)) {
        try (InferenceServerClient client = new InferenceServerClient(endpoint, 2000, 100)) {
          InferArguments call = new InferArguments("slow", List.of(input(DataType.INT32, new int[1], true, 1, 1)), List.of());
          call.setSequenceId(sequence);
          String why = endpoint == slow ? "request timed out" : "nobody there takes connections";
          thrown(InferenceException.class, "'slow' could not be asked at " + endpoint.address + ": " + why,
              () -> client.infer(call));
        }
      }
      equal(sequence == 0 ? 3 : 1, slow.asked.get());
      equal(3, away.asked.get());
    }
  }

  private static void timeouts() {
    try (InferenceServerClient client = new InferenceServerClient(address, 5000, 100)) {
      client.setRetryCnt(1);
      long began = System.nanoTime();
      thrown(InferenceException.class, "'slow' could not be asked at " + address + ": request timed out",
          () -> client.infer("slow", List.of(input(DataType.INT32, new int[1], true, 1, 1)), List.of()));
      if (System.nanoTime() - began < 90_000_000L) {
        throw new AssertionError("it gave up before its time");
      }
    }
  }

  private static void limits() throws Exception {
    HttpConfig config = new HttpConfig();
    equal(Arrays.asList(10, 5000, 5000, 1000, 1000, 0, true),
        Arrays.asList(config.getIoThreadNum(), config.getReadTimeout(), config.getConnectTimeout(), config.getMaxConnectionCount(),
            config.getMaxConnectionPerRoute(), config.getRequestTimeout(), config.isKeepAlive()));
    config.setIoThreadNum(2);
    config.setReadTimeout(20000);
    config.setMaxConnectionCount(5);
    config.setMaxConnectionPerRoute(1);
    config.setRequestTimeout(50);
    try (InferenceServerClient client = new InferenceServerClient(new FixedEndpoint(address), config)) {
      client.setRetryCnt(1);
      CountDownLatch begun = new CountDownLatch(1);
      Thread other = new Thread(() -> {
        begun.countDown();
        try {
          client.infer("slow", List.of(input(DataType.INT32, new int[1], true, 1, 1)), List.of());
        } catch (InferenceException failure) {
          System.err.println(failure.getMessage());
        }
      });
      other.start();
      begun.await();
      Thread.sleep(150);
      thrown(InferenceException.class, "as many calls are under way as may be, for more than 50 ms",
          () -> client.infer("simple", simple(), List.of()));
      other.join();
      equal(6, client.infer("simple", simple(), List.of()).getOutputAsInt("OUTPUT0")[5]);
    }
  }

  private static void threads(InferenceServerClient client) throws Exception {
    AtomicInteger right = new AtomicInteger();
    Thread[] threads = new Thread[8];
    for (int i = 0; i < threads.length; i++) {
      int own = i;
      threads[i] = new Thread(() -> {
        for (int k = 0; k < 20; k++) {
          try {
            int[] numbers = {own, k, own * k};
            InferResult result = client.infer("of_int32", List.of(input(DataType.INT32, numbers, true, 1, 3)), List.of());
            right.addAndGet(Arrays.equals(numbers, result.getOutputAsInt("OUTPUT0")) ? 1 : 0);
          } catch (InferenceException failure) {
            System.err.println(failure.getMessage());
          }
        }
      });
      threads[i].start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    equal(160, right.get());
  }

  private static void connections() throws Exception {
    HttpConfig config = new HttpConfig();
    config.setKeepAlive(false);
    try (InferenceServerClient client = new InferenceServerClient(new FixedEndpoint(address), config)) {
      for (int i = 0; i < 100; i++) {
        equal(6, client.infer("simple", simple(), List.of()).getOutputAsInt("OUTPUT0")[5]);
      }
      int threads = Thread.activeCount();
      if (threads > 50) {
        throw new AssertionError("100 calls one after the other have left " + threads + " threads");
      }
      thrown(InferenceException.class, "'missing' is not found", () -> client.infer("missing", simple(), List.of()));
    }
    for (boolean keepAlive : new boolean[] {true, false}) {
      config.setKeepAlive(keepAlive);
      closing(new InferenceServerClient(new FixedEndpoint(address), config));
    }
  }

  // It ends what is under way, and nothing begins behind it.
  private static void closing(InferenceServerClient closed) throws Exception {
    Thread closing = new Thread(() -> {
      try {
        Thread.sleep(200);
      } catch (InterruptedException early) {
        System.err.println("it closes too early");
      }
      closed.close();
    });
    closing.start();
    thrown(InferenceException.class, "the client is closed",
        () -> closed.infer("slow", List.of(input(DataType.INT32, new int[1], true, 1, 1)), List.of()));
    closing.join();
    thrown(InferenceException.class, "the client is closed", () -> closed.infer("simple", simple(), List.of()));
  }
}
