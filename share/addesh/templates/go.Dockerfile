FROM golang:1
# Another proxy:  --build-arg GOPROXY=URL
ARG GOPROXY
ARG GOSUMDB
# The modules are found wherever GOPATH points, and no repository is asked for
# a version that belongs to another user.
ENV GOMODCACHE=/go/pkg/mod GOFLAGS=-buildvcs=false
WORKDIR /app
# What the project needs comes before its own files, so that it is loaded again
# only when go.mod or go.sum changes.
COPY go.* ./
RUN go mod download
COPY . .
# Completes a go.sum that is missing, for tests too.
RUN go build -mod=mod ./... && go vet -mod=mod ./...
ENV GOCACHE=/tmp/go-build
USER 10001:10001
CMD ["go", "run", "."]
