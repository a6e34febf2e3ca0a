# syntax=docker/dockerfile:1
# Both programs in one image: `docker build --tag docker.io/auriga/auriga:dev .`
# `cargo xtask image` makes the same image on a machine without a container engine.

FROM docker.io/library/rust:1.95-bookworm AS build
ARG PROFILE=release
WORKDIR /source
COPY . .
# One call for each: cargo gives all programs of a call the same features, and so each the other's libraries.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --locked --profile "$PROFILE" --package auriga --bin auriga \
 && cargo build --locked --profile "$PROFILE" --package auriga-operator --bin auriga-operator \
 && mkdir /out \
 && cp "target/$([ "$PROFILE" = dev ] && echo debug || echo "$PROFILE")/auriga" /out/ \
 && cp "target/$([ "$PROFILE" = dev ] && echo debug || echo "$PROFILE")/auriga-operator" /out/

# The C library, the list of certificate authorities, and no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/auriga /usr/local/bin/auriga
COPY --from=build /out/auriga-operator /usr/local/bin/auriga-operator
ENV PATH=/usr/local/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# A number: Kubernetes can prove only of a number that it is not root.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/auriga"]
