//! S3 and CloudFront: where the front end lives.
