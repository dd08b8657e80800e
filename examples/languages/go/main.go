// Asks a server for its state, a model's metadata, an answer and a stream of them: ask [host:port]
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pb "example/inference"
)

func toBytes(values []float32) (bytes []byte) {
	for _, value := range values {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(value))
	}
	return bytes
}

func toFloats(bytes []byte) (values []float32) {
	for ; len(bytes) >= 4; bytes = bytes[4:] {
		values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(bytes)))
	}
	return values
}

func request(model string, values ...float32) *pb.ModelInferRequest {
	return &pb.ModelInferRequest{
		ModelName: model,
		Inputs: []*pb.ModelInferRequest_InferInputTensor{
			{Name: "INPUT", Datatype: "FP32", Shape: []int64{int64(len(values))}},
		},
		RawInputContents: [][]byte{toBytes(values)},
	}
}

func ask(ctx context.Context, client pb.GRPCInferenceServiceClient) error {
	live, err := client.ServerLive(ctx, &pb.ServerLiveRequest{})
	if err != nil {
		return err
	}
	fmt.Println("live:", live.Live)

	metadata, err := client.ModelMetadata(ctx, &pb.ModelMetadataRequest{Name: "echo"})
	if err != nil {
		return err
	}
	for _, input := range metadata.Inputs {
		fmt.Println("input:", input.Name, input.Datatype, input.Shape)
	}

	answer, err := client.ModelInfer(ctx, request("echo", 1, 2.5, 3))
	if err != nil {
		return err
	}
	fmt.Printf("answer: %.1f\n", toFloats(answer.RawOutputContents[0]))

	// A decoupled model gives any number of answers; the stream ends when all have come.
	stream, err := client.ModelStreamInfer(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(request("repeat", 4, 5)); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		} else if message.ErrorMessage != "" {
			return errors.New(message.ErrorMessage)
		}
		fmt.Printf("streamed: %.1f\n", toFloats(message.InferResponse.RawOutputContents[0]))
	}

	_, err = client.ModelInfer(ctx, request("missing", 1))
	fmt.Printf("refused: %s: %s\n", status.Code(err), status.Convert(err).Message())
	return nil
}

func main() {
	address := "localhost:8001"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := ask(ctx, pb.NewGRPCInferenceServiceClient(connection)); err != nil {
		log.Fatal(err)
	}
}
