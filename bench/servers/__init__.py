"""What is measured: sippn and Kamailio, started and accounted for."""
