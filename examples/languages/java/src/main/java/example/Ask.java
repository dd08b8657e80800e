package example;

import com.google.protobuf.ByteString;
import inference.GRPCInferenceServiceGrpc;
import inference.GrpcService.ModelInferRequest;
import inference.GrpcService.ModelMetadataRequest;
import inference.GrpcService.ModelStreamInferResponse;
import inference.GrpcService.ServerLiveRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Asks a server for its state, a model's metadata, an answer and a stream of them: Ask [host:port] */
public final class Ask {
  private static ByteString toBytes(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return ByteString.copyFrom(bytes);
  }

  private static List<Float> toFloats(ByteString bytes) {
    ByteBuffer buffer = bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    List<Float> values = new ArrayList<>();
    while (buffer.remaining() >= 4) values.add(buffer.getFloat());
    return values;
  }

  private static ModelInferRequest request(String model, float... values) {
    return ModelInferRequest.newBuilder()
        .setModelName(model)
        .addInputs(ModelInferRequest.InferInputTensor.newBuilder().setName("INPUT").setDatatype("FP32").addShape(values.length))
        .addRawInputContents(toBytes(values))
        .build();
  }

  /** Prints each answer; done when the stream ends. */
  private static final class Answers implements StreamObserver<ModelStreamInferResponse> {
    final CompletableFuture<Void> done = new CompletableFuture<>();

    @Override
    public void onNext(ModelStreamInferResponse message) {
      if (!message.getErrorMessage().isEmpty()) {
        done.completeExceptionally(new IllegalStateException(message.getErrorMessage()));
      } else {
        System.out.println("streamed: " + toFloats(message.getInferResponse().getRawOutputContents(0)));
      }
    }

    @Override
    public void onError(Throwable error) {
      done.completeExceptionally(error);
    }

    @Override
    public void onCompleted() {
      done.complete(null);
    }
  }

  private static void ask(ManagedChannel channel) throws Exception {
    var client = GRPCInferenceServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);

    System.out.println("live: " + client.serverLive(ServerLiveRequest.getDefaultInstance()).getLive());

    var metadata = client.modelMetadata(ModelMetadataRequest.newBuilder().setName("echo").build());
    for (var input : metadata.getInputsList()) {
      System.out.println("input: " + input.getName() + " " + input.getDatatype() + " " + input.getShapeList());
    }

    var answer = client.modelInfer(request("echo", 1, 2.5f, 3));
    System.out.println("answer: " + toFloats(answer.getRawOutputContents(0)));

    // A decoupled model gives any number of answers; the stream ends when all have come.
    Answers answers = new Answers();
    var requests = GRPCInferenceServiceGrpc.newStub(channel).modelStreamInfer(answers);
    requests.onNext(request("repeat", 4, 5));
    requests.onCompleted();
    answers.done.get(30, TimeUnit.SECONDS);

    try {
      client.modelInfer(request("missing", 1));
    } catch (StatusRuntimeException error) {
      System.out.println("refused: " + error.getStatus().getCode() + ": " + error.getStatus().getDescription());
    }
  }

  public static void main(String[] arguments) throws Exception {
    String address = arguments.length > 0 ? arguments[0] : "localhost:8001";
    ManagedChannel channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
    try {
      ask(channel);
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }
}
