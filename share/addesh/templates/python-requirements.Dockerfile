FROM python:3.12-slim
# Another index:  --build-arg PIP_INDEX_URL=URL
ARG PIP_INDEX_URL
ARG PIP_TRUSTED_HOST
ENV PYTHONUNBUFFERED=1
WORKDIR /app
# What the project needs comes before its own files, so that it is installed
# again only when the list changes.  All lists, as one may name another.
COPY *.txt ./
RUN python3 -m pip install --no-cache-dir -r requirements.txt
RUN python3 -m pip install --no-cache-dir pytest pytest-cov
COPY . .
USER 10001:10001
CMD ["python3"]
