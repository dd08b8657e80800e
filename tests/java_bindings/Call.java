// A request, and what its callbacks are told.
import static org.bytedeco.tritonserver.global.tritonserver.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tritonserver.tritonserver.*;

final class Call {
  // The native side keeps no references: callbacks that are only local would be collected under it.
  private static final Map<Pointer, Call> calls = new ConcurrentHashMap<>();  // by `userp`
  private static final Complete COMPLETE = new Complete();
  private static final Release RELEASE = new Release();
  private static final Activity ACTIVITY = new Activity();
  private static final TraceRelease TRACE_RELEASE = new TraceRelease();

  private final Pointer key = new BytePointer(1);
  final TRITONSERVER_InferenceRequest request = new TRITONSERVER_InferenceRequest(null);
  private final CompletableFuture<List<Output>> answer = new CompletableFuture<>();  // of all responses, when the last has come
  private final CompletableFuture<Void> released = new CompletableFuture<>();
  private final CompletableFuture<Void> traced = new CompletableFuture<>();
  final List<String> activities = new ArrayList<>();
  private final List<Output> outputs = new ArrayList<>();
  private final List<Pointer> inputs = new ArrayList<>();  // kept until the request is released
  private final TRITONSERVER_Server server;
  private TRITONSERVER_InferenceTrace trace;
  private RuntimeException failure;
  String answeredBy;
  String answeredId;

  Call(TRITONSERVER_Server server, TRITONSERVER_ResponseAllocator allocator, String model) {
    this.server = server;
    Expect.must(TRITONSERVER_InferenceRequestNew(request, server, model, -1));
    calls.put(key, this);
    Expect.must(TRITONSERVER_InferenceRequestSetReleaseCallback(request, RELEASE, key));
    Expect.must(TRITONSERVER_InferenceRequestSetResponseCallback(request, allocator, null, COMPLETE, key));
  }

  void input(String name, int datatype, long[] shape, Pointer data) {
    inputs.add(data);
    long size = (data.limit() - data.position()) * data.sizeof();
    Expect.must(TRITONSERVER_InferenceRequestAddInput(request, name, datatype, shape, shape.length));
    Expect.must(TRITONSERVER_InferenceRequestAppendInputData(request, name, data, size, TRITONSERVER_MEMORY_CPU, 0));
  }

  void trace() {
    trace = new TRITONSERVER_InferenceTrace(null);
    Expect.must(TRITONSERVER_InferenceTraceNew(trace, TRITONSERVER_TRACE_LEVEL_TIMESTAMPS, 0, ACTIVITY, TRACE_RELEASE, key));
  }

  List<Output> run() throws Exception {
    try {
      Expect.must(TRITONSERVER_ServerInferAsync(server, request, trace));
      released.get(30, TimeUnit.SECONDS);
      if (trace != null) {
        traced.get(30, TimeUnit.SECONDS);
      }
      return answer.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException failed) {
      throw new IllegalStateException(failed.getCause().getMessage(), failed);
    } finally {
      calls.remove(key);
      Expect.must(TRITONSERVER_InferenceRequestDelete(request));
    }
  }

  private void complete(TRITONSERVER_InferenceResponse response, int flags) {
    if (response != null) {
      try {
        read(response);
      } catch (RuntimeException refused) {
        failure = refused;
      }
      Expect.must(TRITONSERVER_InferenceResponseDelete(response));
    }
    if ((flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) == 0) {
      return;
    }
    if (failure == null) {
      answer.complete(outputs);
    } else {
      answer.completeExceptionally(failure);
    }
  }

  private void read(TRITONSERVER_InferenceResponse response) {
    Expect.must(TRITONSERVER_InferenceResponseError(response));
    BytePointer text = new BytePointer((Pointer) null);
    LongPointer version = new LongPointer(1);
    Expect.must(TRITONSERVER_InferenceResponseModel(response, text, version));
    answeredBy = text.getString() + " version " + version.get();
    Expect.must(TRITONSERVER_InferenceResponseId(response, text));
    answeredId = text.getString();
    int[] count = {0};
    Expect.must(TRITONSERVER_InferenceResponseOutputCount(response, count));
    for (int i = 0; i < count[0]; ++i) {
      outputs.add(new Output(response, i));
    }
  }

  private static final class Complete extends TRITONSERVER_InferenceResponseCompleteFn_t {
    @Override
    public void call(TRITONSERVER_InferenceResponse response, int flags, Pointer userp) {
      calls.get(userp).complete(response, flags);
    }
  }

  private static final class Release extends TRITONSERVER_InferenceRequestReleaseFn_t {
    @Override
    public void call(TRITONSERVER_InferenceRequest request, int flags, Pointer userp) {
      calls.get(userp).released.complete(null);
    }
  }

  private static final class Activity extends TRITONSERVER_InferenceTraceActivityFn_t {
    @Override
    public void call(TRITONSERVER_InferenceTrace trace, int activity, long time, Pointer userp) {
      calls.get(userp).activities.add(TRITONSERVER_InferenceTraceActivityString(activity));
    }
  }

  private static final class TraceRelease extends TRITONSERVER_InferenceTraceReleaseFn_t {
    @Override
    public void call(TRITONSERVER_InferenceTrace trace, Pointer userp) {
      Call call = calls.get(userp);
      Expect.must(TRITONSERVER_InferenceTraceDelete(trace));
      call.traced.complete(null);
    }
  }
}
