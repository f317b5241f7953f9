//! awsenv
